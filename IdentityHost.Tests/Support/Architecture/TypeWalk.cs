using Mono.Cecil;

namespace IdentityHost.Tests.Support.Architecture;

/// <summary>One type named somewhere in the code of another.</summary>
/// <param name="From">The type that names it.</param>
/// <param name="To">What it names, taken apart to the bare type.</param>
/// <param name="Where">The member that names it.</param>
internal sealed record TypeUse(TypeDefinition From, TypeReference To, string Where);

/// <summary>Everything a compiled type names: base, fields, signatures, bodies, generic arguments, attributes.</summary>
internal static class TypeWalk
{
    /// <summary>Every type of the assembly, nested and compiler-generated ones too.</summary>
    public static IEnumerable<TypeDefinition> AllTypes(this ModuleDefinition module) => module.Types.SelectMany(WithNested);

    /// <summary>The type and all that is nested in it (its closures, iterators and async methods).</summary>
    public static IEnumerable<TypeDefinition> WithNested(this TypeDefinition type) => type.NestedTypes.SelectMany(WithNested).Prepend(type);

    public static TypeReference Outermost(this TypeReference type)
    {
        while (type.DeclaringType is not null)
            type = type.DeclaringType;
        return type;
    }

    public static IEnumerable<TypeUse> Uses(this TypeDefinition type) =>
        Named(type).SelectMany(use => Bare(use.Type).Select(bare => new TypeUse(type, bare, use.Where)));

    /// <summary>What one method names, in signature and body.</summary>
    public static IEnumerable<TypeReference> Uses(this MethodDefinition method) => Named(method).SelectMany(Bare);

    static IEnumerable<(TypeReference? Type, string Where)> Named(TypeDefinition type)
    {
        yield return (type.BaseType, type.FullName);
        foreach (var named in type.Interfaces.Select(i => i.InterfaceType).Concat(Attributes(type)).Concat(Constraints(type)))
            yield return (named, type.FullName);
        foreach (var field in type.Fields)
        {
            foreach (var named in Attributes(field).Prepend(field.FieldType))
                yield return (named, field.FullName);
        }
        foreach (var property in type.Properties)
        {
            foreach (var named in Attributes(property).Prepend(property.PropertyType))
                yield return (named, property.FullName);
        }
        foreach (var method in type.Methods)
        {
            foreach (var named in Named(method))
                yield return (named, method.FullName);
        }
    }

    static IEnumerable<TypeReference?> Named(MethodDefinition method)
    {
        foreach (var named in Attributes(method).Concat(Attributes(method.MethodReturnType)).Concat(Constraints(method)).Append(method.ReturnType))
            yield return named;
        foreach (var named in method.Parameters.SelectMany(p => Attributes(p).Append(p.ParameterType)))
            yield return named;
        if (!method.HasBody)
            yield break;
        foreach (var variable in method.Body.Variables)
            yield return variable.VariableType;
        foreach (var handler in method.Body.ExceptionHandlers)
            yield return handler.CatchType;
        foreach (var named in method.Body.Instructions.SelectMany(i => Operand(i.Operand)))
            yield return named;
    }

    static IEnumerable<TypeReference?> Operand(object? operand) => operand switch
    {
        TypeReference type => [type],
        FieldReference field => [field.DeclaringType, field.FieldType],
        GenericInstanceMethod method => Operand(method.ElementMethod).Concat(method.GenericArguments),
        MethodReference method => [method.DeclaringType, method.ReturnType, .. method.Parameters.Select(p => p.ParameterType)],
        _ => [],
    };

    static IEnumerable<TypeReference?> Attributes(ICustomAttributeProvider provider) => provider.CustomAttributes.SelectMany(
        a => a.ConstructorArguments.Concat(a.Properties.Select(p => p.Argument)).Select(c => c.Value as TypeReference).Append(a.AttributeType));

    static IEnumerable<TypeReference?> Constraints(IGenericParameterProvider provider) =>
        provider.GenericParameters.SelectMany(p => p.Constraints).Select(c => c.ConstraintType);

    /// <summary>Takes arrays, references, modifiers and generic instances apart.</summary>
    static IEnumerable<TypeReference> Bare(TypeReference? type) => type switch
    {
        null or GenericParameter => [],
        GenericInstanceType generic => generic.GenericArguments.SelectMany(Bare).Concat(Bare(generic.ElementType)),
        TypeSpecification wrapped => Bare(wrapped.ElementType),
        _ => [type],
    };
}
