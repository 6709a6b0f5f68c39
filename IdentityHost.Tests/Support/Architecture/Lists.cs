using Mono.Cecil;
using Mono.Cecil.Cil;

namespace IdentityHost.Tests.Support.Architecture;

/// <summary>The lists that are the documentation: what implements an interface must stand in the place that lists it.</summary>
internal static class Lists
{
    /// <summary>The classes of these types that implement the interface, directly or through a base class among them.</summary>
    public static IEnumerable<TypeDefinition> Implementations(IEnumerable<TypeDefinition> types, string interfaceName) => types.Where(
        type => type is { IsClass: true, IsAbstract: false } && Implements(type, interfaceName));

    /// <summary>Whether a registration (<c>AddSingleton&lt;TInterface, T&gt;()</c>, or with a factory that names T) exists in the types.</summary>
    public static bool IsRegistered(IEnumerable<TypeDefinition> types, string interfaceName, TypeDefinition implementation) =>
        types.SelectMany(t => t.Methods).Where(m => m.HasBody).SelectMany(m => m.Body.Instructions).Any(
            i => i.Operand is GenericInstanceMethod call
                && call.Name.Contains("Add", StringComparison.Ordinal)
                && call.GenericArguments.Any(a => a.FullName == interfaceName)
                && (call.GenericArguments.Any(a => a.FullName == implementation.FullName) || FactoryNames(i, implementation)));

    /// <summary>Whether the list's class names the type anywhere in its methods, lambdas included.</summary>
    public static bool IsNamedIn(TypeDefinition list, TypeDefinition implementation) =>
        list.WithNested().SelectMany(t => t.Methods).SelectMany(TypeWalk.Uses).Any(t => t.FullName == implementation.FullName);

    static bool Implements(TypeDefinition? type, string interfaceName) =>
        type is not null && (type.Interfaces.Any(i => i.InterfaceType.FullName == interfaceName) || Implements(type.BaseType as TypeDefinition, interfaceName));

    /// <summary>The lambda given to the call: the nearest function loaded before it.</summary>
    static bool FactoryNames(Instruction call, TypeDefinition implementation)
    {
        for (var i = call.Previous; i is not null && i.OpCode != OpCodes.Call && i.OpCode != OpCodes.Callvirt; i = i.Previous)
        {
            if (i.OpCode == OpCodes.Ldftn && i.Operand is MethodDefinition factory)
                return factory.Uses().Any(t => t.FullName == implementation.FullName);
        }
        return false;
    }
}
