using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using IdentityHost.Data.Entities;

namespace IdentityHost.Users.Links;

/// <summary>
/// A link that is mailed to somebody. Its token is 256 random bits that only the mail holds; the table has a hash of it, so neither a dump nor a
/// log opens an account.
/// </summary>
/// <param name="Key">What stands in the table.</param>
/// <param name="Path">Where the link leads, token included.</param>
internal sealed record AccountLink(byte[] Key, string Path)
{
    const int TokenBytes = 32;

    public const string ConfirmPath = "/confirm-email";

    public const string ResetPath = "/reset-password";

    /// <summary>Long enough for a mail to be read the next day; an address is not worth more haste.</summary>
    public static readonly TimeSpan ConfirmLifetime = TimeSpan.FromDays(1);

    /// <summary>Short, since the link opens the account to whoever reads the mailbox.</summary>
    public static readonly TimeSpan ResetLifetime = TimeSpan.FromHours(1);

    public static TimeSpan LifetimeOf(AccountTokenPurpose purpose) =>
        purpose == AccountTokenPurpose.ConfirmEmail ? ConfirmLifetime : ResetLifetime;

    public static AccountLink New(AccountTokenPurpose purpose)
    {
        var token = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(TokenBytes));
        var page = purpose == AccountTokenPurpose.ConfirmEmail ? ConfirmPath : ResetPath;
        return new AccountLink(Hash(purpose, token), $"{page}?token={token}");
    }

    /// <summary>The key to look a token up by: one of another purpose has another. Null for what never was a token.</summary>
    public static byte[]? KeyOf(AccountTokenPurpose purpose, string? token) =>
        token is { Length: 43 } && token.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') ? Hash(purpose, token) : null;

    static byte[] Hash(AccountTokenPurpose purpose, string token) => SHA256.HashData(Encoding.ASCII.GetBytes($"account-token\n{purpose}\n{token}"));

    /// <summary>Without the token.</summary>
    public override string ToString() => "account link";
}
