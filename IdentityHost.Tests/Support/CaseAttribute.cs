using System.Globalization;
using Xunit.v3;

// Every test names its cases; they should not need a using for it.
#pragma warning disable IDE0130
namespace IdentityHost.Tests;
#pragma warning restore IDE0130

/// <summary>
/// Names the attack or failure that a test is about, by its number in the security table, so that
/// <c>dotnet test --filter Case=71</c> runs what proves case 71 and nothing else.
/// </summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method, AllowMultiple = true)]
public sealed class CaseAttribute(string name) : Attribute, ITraitAttribute
{
    /// <param name="number">The row of the attack table, from 1.</param>
    public CaseAttribute(int number) : this(number.ToString(CultureInfo.InvariantCulture))
    {
    }

    /// <summary>A row of another table by its own name, such as <c>R4</c> of the reliability table.</summary>
    public string Name { get; } = name;

    public IReadOnlyCollection<KeyValuePair<string, string>> GetTraits() => [new("Case", Name)];
}
