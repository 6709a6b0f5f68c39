using System.Globalization;
using System.Security.Cryptography;

namespace IdentityHost.Users;

/// <summary>
/// A username for somebody whose address is all that is known: what stands before the @, and digits. The digits are always there, so that the name
/// neither tells whether another has it nor can be kept free for somebody to be mistaken for.
/// </summary>
internal static class UsernameOfEmail
{
    const int LongestLocalPart = 48;
    const string Nameless = "user";

    /// <param name="email">Canonical.</param>
    /// <param name="attempt">From 0; the unique index decides whether a name is free, and later ones have more digits.</param>
    public static string Candidate(string email, int attempt)
    {
        // A tag behind the plus sign (RFC 5233) says how the mail is sorted, not who it is for.
        var local = email.Split('@')[0].Split('+')[0];
        var word = new string([.. local.Where(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-').Take(LongestLocalPart)]).Trim('.', '_', '-');
        var (from, below) = attempt < 4 ? (1_000, 10_000) : (100_000_000, 1_000_000_000);
        return string.Create(CultureInfo.InvariantCulture, $"{(word.Length == 0 ? Nameless : word)}-{RandomNumberGenerator.GetInt32(from, below)}");
    }
}
