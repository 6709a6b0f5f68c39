using System.Globalization;
using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;

namespace IdentityHost.Users;

/// <summary>
/// The <c>after</c> of a page as text. Encrypted and authenticated with the ring all nodes share: a position can hold somebody's e-mail, which must
/// not reach access logs, and what was tampered with is refused instead of interpreted.
/// </summary>
internal sealed class PageCursor(IDataProtectionProvider protection)
{
    /// <summary>Longer than any cursor of ours.</summary>
    const int Longest = 1024;

    readonly IDataProtector _protector = protection.CreateProtector("IdentityHost.Users.Page");

    public string Write(UserSort sort, bool descending, PagePosition position) => _protector.Protect(string.Create(
        CultureInfo.InvariantCulture,
        $"{(int)sort}|{(descending ? 1 : 0)}|{position.Id}|{position.Time?.Ticks}|{(position.Text is null ? "" : "=" + position.Text)}"));

    /// <summary>Null for what <see cref="Write"/> did not make, and for a position in another order.</summary>
    public PagePosition? Read(string text, UserSort sort, bool descending)
    {
        if (text.Length is 0 or > Longest)
            return null;
        string[] parts;
        try
        {
            parts = _protector.Unprotect(text).Split('|', 5);
        }
        catch (Exception e) when (e is CryptographicException or FormatException)
        {
            return null;
        }
        if (parts[0] != ((int)sort).ToString(CultureInfo.InvariantCulture) || parts[1] != (descending ? "1" : "0"))
            return null;
        DateTime? time = parts[3].Length == 0 ? null : new DateTime(long.Parse(parts[3], CultureInfo.InvariantCulture), DateTimeKind.Utc);
        return new PagePosition(long.Parse(parts[2], CultureInfo.InvariantCulture), parts[4].Length == 0 ? null : parts[4][1..], time);
    }
}
