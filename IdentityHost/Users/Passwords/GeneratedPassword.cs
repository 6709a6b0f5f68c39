using System.Security.Cryptography;

namespace IdentityHost.Users.Passwords;

/// <summary>A password that the system makes: four groups of five, 116 bits, safe to read aloud and to paste into a shell.</summary>
internal static class GeneratedPassword
{
    /// <summary>56 characters, without those that look alike (0 O o 1 l I).</summary>
    const string Alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789";

    public static string New() => string.Join('-', Enumerable.Range(0, 4).Select(_ => RandomNumberGenerator.GetString(Alphabet, 5)));
}
