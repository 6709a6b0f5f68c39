using System.Text;
using Microsoft.Extensions.Options;

namespace IdentityHost.Users.Passwords;

/// <summary>Why a password is refused.</summary>
internal enum PasswordFlaw
{
    None = 0,
    TooShort,
    TooLong,

    /// <summary>On the list of passwords that guessing starts with.</summary>
    Common,

    /// <summary>The username, the e-mail's local part or a product name, with little around it.</summary>
    BuiltFromName,

    /// <summary>Holds NUL (Postgres text and many clients stop there) or half a surrogate pair (it has no UTF-8 form).</summary>
    Malformed,
}

/// <summary>
/// What a new password must be: long enough, not among the first guesses, and nothing else. There are no composition rules (NIST SP 800-63B
/// §5.1.1.2); spaces and emoji are fine, and nothing is trimmed or normalized.
/// </summary>
internal sealed class PasswordPolicy(IOptions<PasswordsOptions> options, Branding branding)
{
    /// <summary>Whatever the operator calls it: it is on the list of everybody who guesses.</summary>
    const string Product = "identityhost";

    /// <summary>Fewer letters than this beside the name do not make a password of it.</summary>
    const int OwnLetters = 4;

    public int MinimumLength => options.Value.MinimumLength;

    public int MaximumLength => options.Value.MaximumLength;

    /// <summary>Checks a password somebody wants to have.</summary>
    public PasswordFlaw Check(string password, string? username, string? email)
    {
        if (IsTooLong(password))
            return PasswordFlaw.TooLong;
        if (password.Contains('\0', StringComparison.Ordinal) || !IsWellFormed(password))
            return PasswordFlaw.Malformed;
        if (Length(password) < options.Value.MinimumLength)
            return PasswordFlaw.TooShort;
        if (!options.Value.RefuseCommon)
            return PasswordFlaw.None;
        if (CommonPasswords.Contains(password))
            return PasswordFlaw.Common;
        return BuiltFrom(password, Product) || BuiltFrom(password, branding.ProductName) || BuiltFrom(password, username) || BuiltFrom(password, LocalPart(email))
            ? PasswordFlaw.BuiltFromName
            : PasswordFlaw.None;
    }

    /// <summary>Every door asks this before hashing, the ones where the password is only compared too.</summary>
    public bool IsTooLong(string password) =>
        password.Length > options.Value.MaximumLength * 2 || Length(password) > options.Value.MaximumLength;

    static int Length(string password)
    {
        var length = 0;
        foreach (var _ in password.EnumerateRunes())
            length++;
        return length;
    }

    static bool IsWellFormed(string password)
    {
        for (var i = 0; i < password.Length; i++)
        {
            if (!char.IsSurrogate(password[i]))
                continue;
            if (i + 1 == password.Length || !char.IsSurrogatePair(password[i], password[i + 1]))
                return false;
            i++;
        }
        return true;
    }

    static string? LocalPart(string? email) => email?.Split('@')[0];

    /// <summary>
    /// Whether the word, forwards or backwards and with the usual digits for letters, is in the password and fewer than
    /// <see cref="OwnLetters"/> other letters are.
    /// </summary>
    static bool BuiltFrom(string password, string? word)
    {
        var plainWord = Fold(Plain(word ?? ""));
        if (plainWord.Length < 3)
            return false;
        var plain = Plain(password);
        var folded = Fold(plain);
        return OwnLettersBeside(plain, folded, plainWord) < OwnLetters
            || OwnLettersBeside(plain, folded, new string([.. plainWord.Reverse()])) < OwnLetters;
    }

    static int OwnLettersBeside(string plain, string folded, string word)
    {
        var at = folded.IndexOf(word, StringComparison.Ordinal);
        if (at < 0)
            return int.MaxValue;
        var letters = 0;
        var end = 0;
        while (at >= 0)
        {
            letters += plain[end..at].Count(char.IsLetter);
            end = at + word.Length;
            at = folded.IndexOf(word, end, StringComparison.Ordinal);
        }
        return letters + plain[end..].Count(char.IsLetter);
    }

    static string Plain(string text)
    {
        var plain = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            if (char.IsLetterOrDigit(c) || c is '@' or '$')
                plain.Append(char.ToLowerInvariant(c));
        }
        return plain.ToString();
    }

    static string Fold(string plain) => string.Create(plain.Length, plain, static (target, source) =>
    {
        for (var i = 0; i < source.Length; i++)
        {
            target[i] = source[i] switch
            {
                '0' => 'o',
                '1' => 'i',
                '3' => 'e',
                '4' or '@' => 'a',
                '5' or '$' => 's',
                '7' => 't',
                var c => c,
            };
        }
    });
}
