using IdentityHost.Audit;
using IdentityHost.Data;
using IdentityHost.Data.Entities;
using IdentityHost.Protocol;
using IdentityHost.Revocation;
using IdentityHost.Users.Passwords;

namespace IdentityHost.SignIn;

/// <summary>Signs a person in by password: proof, rules of the account, session. Answers the engine's <see cref="ISubjects"/>.</summary>
internal sealed class PasswordSignIn(
    Authenticate authenticate, Sessions sessions, PasswordHashing hashing, PasswordPolicy policy, Revocations revocations)
    : ISubjects
{
    const string RehashSql = "UPDATE users SET password_hash = $2 WHERE id = $1 AND password_hash = $3";

    // Conditional on the hash that was just proved: of two changes at once the second finds nothing, and its session is not made (the epoch
    // it was promised is not there).
    static readonly string ChangeSql =
        $"""
        UPDATE users SET password_hash = $2, password_origin = {(short)PasswordOrigin.User}, must_change_password = false,
            password_expires_at = NULL, security_stamp = gen_random_uuid()::text, epoch = epoch + 1, version = version + 1, updated_at = identity_now()
        WHERE id = $1 AND password_hash = $3 AND epoch = $4
        """;

    public async Task<SubjectResult> AuthenticateAsync(PasswordCredentials credentials, WriteBatch batch, CancellationToken cancellationToken)
    {
        var verdict = await authenticate.PasswordAsync(credentials, batch, cancellationToken);
        if (verdict.Person is not { } person)
            return SubjectResult.Refused(verdict.Refusal!.Value, verdict.RetryAfter);

        // Only after the right password is anything said about the account.
        var refusal = !person.Active ? SubjectRefusal.Disabled
            : person.MustChangePassword && credentials.NewPassword is null ? SubjectRefusal.PasswordChangeRequired
            : credentials.NewPassword is { } wish && !IsAcceptable(wish, credentials.Password, person) ? SubjectRefusal.WeakPassword
            : (SubjectRefusal?)null;
        if (refusal is { } reason)
            return SubjectResult.Refused(reason);

        try
        {
            if (credentials.NewPassword is { } newPassword)
                person = await ChangePasswordAsync(person, newPassword, credentials, batch, cancellationToken);
            else if (verdict.Rehash)
                await RehashAsync(person, credentials.Password, batch, cancellationToken);
        }
        catch (HashingQueueFullException full)
        {
            return SubjectResult.Refused(SubjectRefusal.Busy, full.RetryAfter);
        }
        return sessions.Add(batch, person, "pwd", credentials);
    }

    bool IsAcceptable(string wish, string current, PersonAtTheDoor person) =>
        wish != current && policy.Check(wish, person.UserName, person.Email) == PasswordFlaw.None;

    /// <summary>Ends every other session: whoever else knows the old password is out.</summary>
    async Task<PersonAtTheDoor> ChangePasswordAsync(
        PersonAtTheDoor person, string newPassword, PasswordCredentials credentials, WriteBatch batch, CancellationToken cancellationToken)
    {
        var hash = await hashing.HashAsync(newPassword, cancellationToken);
        batch.Add(ChangeSql, Sql.Value(person.Id), Sql.Value(hash), Sql.Value(person.PasswordHash!), Sql.Value(person.Epoch));
        var changed = person with { Epoch = person.Epoch + 1, PasswordHash = hash, MustChangePassword = false };
        Sessions.AddEndAll(batch, person.Id);
        revocations.Add(batch, RevocationKind.User, Sessions.SubjectOf(person.Id), changed.Epoch);
        batch.AddAudit(new AuditEvent
        {
            Kind = AuditKinds.PasswordChanged,
            ActorId = person.Id,
            SubjectId = person.Id,
            ClientId = credentials.ClientId,
            Address = credentials.Address,
        });
        return changed;
    }

    /// <summary>Hashes of older parameters are replaced while the password is at hand.</summary>
    async Task RehashAsync(PersonAtTheDoor person, string password, WriteBatch batch, CancellationToken cancellationToken)
    {
        var hash = await hashing.HashAsync(password, cancellationToken);
        batch.Add(RehashSql, Sql.Value(person.Id), Sql.Value(hash), Sql.Value(person.PasswordHash!));
    }
}
