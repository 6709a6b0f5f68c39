using System.Security.Cryptography;

namespace IdentityHost.Users.Passwords;

/// <summary>
/// A password that the system makes: groups of five, safe to read aloud and to paste into a shell. Four of them hold 116 bits; there are more where
/// the policy wants a longer one.
/// </summary>
internal static class GeneratedPassword
{
    /// <summary>How long it opens the account for: whoever it is passed on to changes it in that time, or is given another.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(7);

    /// <summary>56 characters, without those that look alike (0 O o 1 l I).</summary>
    const string Alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789";

    const int Group = 5;
    const int FewestGroups = 4;

    /// <param name="minimumLength">Of the policy, in characters.</param>
    public static string New(int minimumLength)
    {
        var groups = Math.Max(FewestGroups, (minimumLength + Group + 1) / (Group + 1));
        var password = string.Join('-', Enumerable.Range(0, groups).Select(_ => RandomNumberGenerator.GetString(Alphabet, Group)));
        // Not past the minimum by a whole group, which may be more than the policy allows.
        return groups == FewestGroups ? password : password[..Math.Min(password.Length, minimumLength)];
    }
}
