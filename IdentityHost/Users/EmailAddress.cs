using System.Globalization;

namespace IdentityHost.Users;

/// <summary>
/// An e-mail address in its one spelling here: an ASCII dot-atom before the @ (RFC 5322 §3.2.3), the domain as lower-case A-labels after it
/// (RFC 5891). Two spellings of one domain are one account, and a local part that only looks like another cannot exist.
/// </summary>
internal static class EmailAddress
{
    /// <summary>RFC 5321 §4.5.3.1.3, less the angle brackets.</summary>
    const int Longest = 254;

    /// <summary>RFC 5321 §4.5.3.1.1.</summary>
    const int LongestLocalPart = 64;

    const string Specials = "!#$%&'*+/=?^_`{|}~-";

    /// <summary>The address as it is stored; null if it is none.</summary>
    public static string? Canonical(string text)
    {
        var at = text.IndexOf('@', StringComparison.Ordinal);
        if (at < 1 || at != text.LastIndexOf('@') || text.Length > Longest || !IsLocalPart(text.AsSpan(0, at)))
            return null;
        if (Domain(text[(at + 1)..]) is not { } domain)
            return null;
        var canonical = string.Concat(text.AsSpan(0, at), "@", domain);
        return canonical.Length <= Longest ? canonical : null;
    }

    static bool IsLocalPart(ReadOnlySpan<char> local)
    {
        if (local.Length > LongestLocalPart || local[0] == '.' || local[^1] == '.' || local.Contains("..", StringComparison.Ordinal))
            return false;
        foreach (var c in local)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c != '.' && !Specials.Contains(c, StringComparison.Ordinal))
                return false;
        }
        return true;
    }

    static string? Domain(string text)
    {
        // IdnMapping lets a root dot and controls through in places; a domain of ours has neither.
        if (text.Length == 0 || text[^1] == '.' || text.Any(char.IsControl))
            return null;
        try
        {
            var ascii = new IdnMapping { UseStd3AsciiRules = true }.GetAscii(text).ToLowerInvariant();
            return ascii.Split('.').All(IsLabel) ? ascii : null;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    static bool IsLabel(string label) =>
        label.Length is > 0 and <= 63 && label[0] != '-' && label[^1] != '-' && label.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');
}
