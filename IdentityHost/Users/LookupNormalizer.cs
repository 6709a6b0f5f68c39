using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Identity;

namespace IdentityHost.Users;

/// <summary>
/// How names and addresses are compared: as Identity does, for any text. Some texts have no normal form (U+FFFE, half a surrogate pair); the
/// framework's own throws for them, and whoever typed one would get an error of the server and no count of the attempt. No account can have
/// such a name (<see cref="AccountRules"/>), so what stands in its place finds nobody.
/// </summary>
internal sealed class LookupNormalizer : ILookupNormalizer
{
    readonly UpperInvariantLookupNormalizer _usual = new();

    [return: NotNullIfNotNull(nameof(name))]
    public string? NormalizeName(string? name)
    {
        try
        {
            return _usual.NormalizeName(name);
        }
        catch (ArgumentException)
        {
            return name!.ToUpperInvariant();
        }
    }

    [return: NotNullIfNotNull(nameof(email))]
    public string? NormalizeEmail(string? email) => NormalizeName(email);
}
