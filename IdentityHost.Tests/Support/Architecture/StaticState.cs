using Mono.Cecil;

namespace IdentityHost.Tests.Support.Architecture;

/// <summary>
/// No mutable static: two nodes in one process would share it, and a test with two nodes would pass where two machines fail.
/// </summary>
internal static class StaticState
{
    /// <summary>Why the field is shared state; null when it is none.</summary>
    public static string? Refusal(FieldDefinition field)
    {
        // Caches of delegates that the compiler keeps (`<>9__0_0`, the class `<>O`) and its blobs hold no state of ours.
        if (!field.IsStatic || field.IsLiteral || field.Name.StartsWith("<>", StringComparison.Ordinal) || IsCompilers(field.DeclaringType))
            return null;
        if (!field.IsInitOnly)
            return "is static and can be set.";
        return IsMutable(field.FieldType)
            ? "is static and its content can change: use a frozen, immutable or read-only type, or a `ReadOnlySpan<T>` property."
            : null;
    }

    static bool IsCompilers(TypeDefinition type) =>
        type.Name is ['<', '>', 'O', ..] || type.Outermost() is { Namespace: "" } or { Namespace: "System.Text.RegularExpressions.Generated" };

    static bool IsMutable(TypeReference type)
    {
        if (type is ArrayType)
            return true;
        var bare = type is GenericInstanceType generic ? generic.ElementType : type;
        return (bare.Namespace, bare.Name) switch
        {
            ("System.Collections.Generic", var name) => !name.StartsWith("IReadOnly", StringComparison.Ordinal)
                && !name.Contains("Comparer", StringComparison.Ordinal) && !name.StartsWith("KeyValuePair", StringComparison.Ordinal),
            ("System.Collections.Concurrent" or "System.Collections", _) => true,
            ("System.Text", "StringBuilder") => true,
            ("System.Threading", "Lock" or "SemaphoreSlim" or "CancellationTokenSource" or "Timer" or "AsyncLocal`1" or "ThreadLocal`1") => true,
            ("System.Threading.Channels" or "Microsoft.Extensions.Caching.Memory", _) => true,
            ("System.Runtime.CompilerServices", "ConditionalWeakTable`2" or "StrongBox`1") => true,
            _ => HasSettableFields(bare),
        };
    }

    /// <summary>A class of the same assembly that can change after it was made. What a JSON context caches is derived from types alone.</summary>
    static bool HasSettableFields(TypeReference type) =>
        type is TypeDefinition { IsValueType: false, BaseType.Name: not "JsonSerializerContext" } own && own.Fields.Any(f => !f.IsStatic && !f.IsInitOnly);
}
