using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using IdentityHost.Audit;

namespace IdentityHost.Limits;

/// <summary>
/// What is counted, and where it comes from. What was typed is kept as a hash only: people type secrets into the wrong field. Each kind of
/// source has a label of its own in the hash, so that none can be made to look like another.
/// </summary>
internal sealed class FailureSource
{
    FailureSource(string label, string what, string blockedKind, Func<RateLimits, FailureLimit> limit)
    {
        Key = SHA256.HashData(Encoding.UTF8.GetBytes($"{label}\n{what}"));
        BlockedKind = blockedKind;
        Limit = limit;
    }

    /// <summary>The counter's primary key.</summary>
    public byte[] Key { get; }

    /// <summary>The same in the revocation feed: base64url, 43 characters.</summary>
    public string FeedKey => Base64Url.EncodeToString(Key);

    /// <summary>What the audit calls a block.</summary>
    public string BlockedKind { get; }

    public Func<RateLimits, FailureLimit> Limit { get; }

    /// <summary>Wrong secrets for one client, whether it exists or not (so that 429 tells nothing).</summary>
    /// <param name="clientId">As it was sent: another spelling is another client, which cannot authenticate.</param>
    /// <param name="address">Where the request came from.</param>
    public static FailureSource OfClient(string clientId, string address) =>
        new("client", $"{clientId}\n{address}", AuditKinds.ClientBlocked, limits => limits.Client);

    /// <summary>Wrong secrets for whatever clients.</summary>
    public static FailureSource OfSecrets(string address) => new("secrets", address, AuditKinds.AddressBlocked, limits => limits.Address);

    /// <summary>Applications registered by strangers.</summary>
    public static FailureSource OfClientRegistrations(string address) =>
        new("client registrations", address, AuditKinds.AddressBlocked, limits => limits.ClientRegistration.AsFailures());

    /// <summary>Wrong passwords for whatever names.</summary>
    public static FailureSource OfPasswords(string address) => new("passwords", address, AuditKinds.AddressBlocked, limits => limits.Address);

    /// <summary>Registrations, whatever came of them.</summary>
    public static FailureSource OfRegistrations(string network) =>
        new("registrations", network, AuditKinds.AddressBlocked, limits => limits.Registration.AsFailures());

    /// <summary>Mails that were asked for, whether one was sent or not.</summary>
    public static FailureSource OfMails(string network) => new("mails", network, AuditKinds.AddressBlocked, limits => limits.Mail.AsFailures());

    /// <summary>Pictures that somebody sent for themself, whether they were kept or not.</summary>
    public static FailureSource OfPictures(long userId) =>
        new("pictures", userId.ToString(CultureInfo.InvariantCulture), AuditKinds.PicturesBlocked, limits => limits.Pictures.AsFailures());

    /// <summary>Addresses that somebody wanted for their account and that are somebody else's.</summary>
    public static FailureSource OfTakenEmails(long userId) =>
        new("taken emails", userId.ToString(CultureInfo.InvariantCulture), AuditKinds.EmailsBlocked, limits => limits.Client);
}
