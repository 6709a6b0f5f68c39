using IdentityHost.Audit;
using IdentityHost.Data;
using IdentityHost.Data.Entities;
using IdentityHost.Limits;
using IdentityHost.Protocol;
using IdentityHost.Users;
using IdentityHost.Users.Passwords;
using Microsoft.AspNetCore.Identity;
using Npgsql;

namespace IdentityHost.SignIn;

/// <summary>
/// The one door: page, password grant, <c>/users/login</c> and every re-authentication prove a password here and nowhere else, so that they
/// share one count of attempts and one bounded queue of hashes. Unknown people cost the same work as known ones.
/// </summary>
internal sealed class Authenticate(
    Attempts attempts,
    Blocks blocks,
    FailureCounters failures,
    PasswordHashing hashing,
    PasswordPolicy policy,
    ILookupNormalizer normalizer,
    NpgsqlDataSource database,
    TimeProvider clock)
{
    const int LongestIdentifier = 254;

    /// <summary>How long an attempt waits for those before it, and how often it looks.</summary>
    static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);
    static readonly TimeSpan Look = TimeSpan.FromMilliseconds(40);
    static readonly TimeSpan BusyRetry = TimeSpan.FromSeconds(2);

    /// <summary>Checks a password. A right one leaves its slot's release to <paramref name="batch"/>; every other verdict is recorded at once.</summary>
    public async Task<Verdict> PasswordAsync(PasswordCredentials credentials, WriteBatch batch, CancellationToken cancellationToken)
    {
        // Refused before anything is paid for: no account can have such a name or password.
        if (credentials.Identifier.Length > LongestIdentifier || policy.IsTooLong(credentials.Password))
            return Verdict.Refused(SubjectRefusal.InvalidCredentials);

        if (await blocks.BlockedForAsync(cancellationToken, FailureSource.OfPasswords(credentials.Address)) is { } addressWait)
            return Verdict.Refused(SubjectRefusal.TooManyAttempts, addressWait);

        // What is no address is nobody's, and counts as it was typed.
        var name = credentials.Identifier.Contains('@', StringComparison.Ordinal)
            ? normalizer.NormalizeEmail(EmailAddress.Canonical(credentials.Identifier) ?? credentials.Identifier)
            : normalizer.NormalizeName(credentials.Identifier);
        var slot = await TakeSlotAsync(name, credentials.Address, cancellationToken);
        if (slot.Lease is null)
            return slot.BlockedFor is { } wait
                ? Verdict.Refused(SubjectRefusal.TooManyAttempts, wait)
                : Verdict.Refused(SubjectRefusal.Busy, BusyRetry);

        PasswordCheck check;
        try
        {
            check = await hashing.VerifyAsync(UsableHash(slot.Person), credentials.Password, cancellationToken);
        }
        catch (HashingQueueFullException full)
        {
            await attempts.ReleaseAsync(slot);
            return Verdict.Refused(SubjectRefusal.Busy, full.RetryAfter);
        }
        catch
        {
            // Whatever happened, there is no verdict: the attempt does not count, and the slot must not be held until its lease runs out.
            await attempts.ReleaseAsync(slot);
            throw;
        }
        if (check == PasswordCheck.Wrong || slot.Person is not { } person)
        {
            var failure = await RecordFailureAsync(slot, credentials, cancellationToken);
            return failure.BlockedFor is { } late
                ? Verdict.Refused(SubjectRefusal.TooManyAttempts, late)
                : Verdict.Refused(SubjectRefusal.InvalidCredentials);
        }
        Attempts.AddRight(batch, slot);
        return new Verdict(person, Rehash: check == PasswordCheck.RightButRehash, Refusal: null, RetryAfter: null);
    }

    /// <summary>A password that has run out is no password; somebody without one is checked against a dummy hash.</summary>
    static string? UsableHash(PersonAtTheDoor? person) => person is { PasswordExpired: false } ? person.PasswordHash : null;

    /// <summary>Slots in flight make others wait, since their verdicts decide whether there is a try left.</summary>
    async Task<AttemptSlot> TakeSlotAsync(string name, string address, CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        while (true)
        {
            // Not cancelled half-way: a slot that was taken for a caller who has gone would be nobody's.
            var slot = await attempts.TakeAsync(name, address, CancellationToken.None);
            if (slot.Lease is not null || slot.BlockedFor is not null || clock.GetElapsedTime(started) > LongestWait)
                return slot;
            await Task.Delay(Look, cancellationToken);
        }
    }

    async Task<FailureVerdict> RecordFailureAsync(AttemptSlot slot, PasswordCredentials credentials, CancellationToken cancellationToken)
    {
        var batch = new WriteBatch();
        batch.AddAudit(new AuditEvent
        {
            Kind = AuditKinds.SignInFailed,
            SubjectId = slot.Person?.Id,
            ClientId = credentials.ClientId,
            Address = credentials.Address,
        });
        attempts.AddWrong(batch, slot, credentials.ClientId, credentials.Address);
        var failure = failures.AddWrongPassword(batch, credentials.Address, credentials.ClientId);
        // The verdict stands even if the caller has gone: hanging up must not buy another try.
        await batch.ExecuteAsync(database, CancellationToken.None);
        cancellationToken.ThrowIfCancellationRequested();
        return failure;
    }
}

/// <summary>A person whose password was right, or the reason for a refusal.</summary>
internal sealed record Verdict(PersonAtTheDoor? Person, bool Rehash, SubjectRefusal? Refusal, TimeSpan? RetryAfter)
{
    public static Verdict Refused(SubjectRefusal refusal, TimeSpan? retryAfter = null) => new(null, Rehash: false, refusal, retryAfter);
}
