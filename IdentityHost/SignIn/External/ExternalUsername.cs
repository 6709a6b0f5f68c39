using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace IdentityHost.SignIn.External;

/// <summary>The username that somebody gets who comes from another provider: <c>google_budi</c>, and <c>google_budi123</c> where that is taken (seed 004).</summary>
internal static class ExternalUsername
{
    const string Prefix = "google_";
    const string Nameless = "user";
    const int LongestSlug = 40;

    /// <summary>
    /// The first word of their name. Whoever tells themself apart by digits in their address (budi123@…) keeps them; more of the address would be
    /// told to everybody who sees the name.
    /// </summary>
    public static string Slug(ExternalIdentity identity)
    {
        var mailbox = Letters(identity.Email?.Split('@')[0]);
        var word = (identity.Name ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Letters).FirstOrDefault(w => w.Length > 0);
        if (word is null)
            return mailbox.Length > 0 ? mailbox : Nameless;
        return mailbox.StartsWith(word, StringComparison.Ordinal) && mailbox.AsSpan(word.Length).IndexOfAnyExceptInRange('0', '9') < 0 ? mailbox : word;
    }

    /// <summary>The username to try the n-th time, from 0. The unique index decides whether it is free.</summary>
    public static string Candidate(string slug, int attempt) => Prefix + slug + attempt switch
    {
        0 => "",
        < 4 => Digits(100, 1000),
        < 6 => Digits(100_000, 1_000_000),
        _ => Digits(100_000_000, 1_000_000_000),
    };

    /// <summary>The ASCII letters and digits, accents taken off, in lower case.</summary>
    static string Letters(string? text)
    {
        var letters = new StringBuilder();
        foreach (var c in (text ?? "").Normalize(NormalizationForm.FormD))
        {
            if (char.IsAsciiLetterOrDigit(c) && letters.Length < LongestSlug)
                letters.Append(char.ToLowerInvariant(c));
        }
        return letters.ToString();
    }

    static string Digits(int from, int below) => RandomNumberGenerator.GetInt32(from, below).ToString(CultureInfo.InvariantCulture);
}
