using IdentityHost.Audit;
using IdentityHost.Data;
using IdentityHost.Data.Entities;
using IdentityHost.Protocol;
using IdentityHost.Revocation;
using IdentityHost.Users.Passwords;
using Microsoft.Extensions.Options;

namespace IdentityHost.SignIn;

/// <summary>Signs a person in by password: proof, rules of the account, session. Answers the engine's <see cref="ISubjects"/>.</summary>
internal sealed class PasswordSignIn(
    Authenticate authenticate, Sessions sessions, PasswordHashing hashing, PasswordPolicy policy, Revocations revocations, IOptions<RevocationOptions> revocation)
    : ISubjects
{
    const string RehashSql = "UPDATE users SET password_hash = $2 WHERE id = $1 AND password_hash = $3";

    // Conditional on the hash that was just proved, and everything that follows hangs on the row that was changed: of two changes at once the
    // second finds nothing, ends nobody's session, revokes nothing and tells the audit nothing.
    static readonly string ChangeSql =
        $"""
        WITH changed AS (
            UPDATE users SET password_hash = $2, password_origin = {(short)PasswordOrigin.User}, must_change_password = false,
                password_expires_at = NULL, security_stamp = gen_random_uuid()::text, epoch = epoch + 1, version = version + 1,
                updated_at = identity_now()
            WHERE id = $1 AND password_hash = $3 AND epoch = $4 RETURNING id, epoch),
        ended AS (
            UPDATE sessions SET ended_at = identity_now() FROM changed
            WHERE sessions.user_id = changed.id AND sessions.ended_at IS NULL RETURNING sessions.id),
        grants_ended AS (
            UPDATE grants SET ended_at = identity_now() FROM ended WHERE grants.session_id = ended.id AND grants.ended_at IS NULL),
        revoked AS (
            {Revocations.InsertInto}
            SELECT {(short)RevocationKind.User}, id::text, epoch, identity_now() + $5 FROM changed)
        {AuditLog.InsertInto} SELECT '{AuditKinds.PasswordChanged}', id, id, $6, $7, NULL FROM changed
        """;

    public async Task<SubjectResult> AuthenticateAsync(
        PasswordCredentials credentials, Func<UserRole, bool> mayServe, WriteBatch batch, CancellationToken cancellationToken)
    {
        var verdict = await authenticate.PasswordAsync(credentials, batch, cancellationToken);
        if (verdict.Person is not { } person)
            return SubjectResult.Refused(verdict.Refusal!.Value, verdict.RetryAfter);

        // Only after the right password is anything said about the account.
        var refusal = !person.Active ? SubjectRefusal.Disabled
            : !mayServe(person.Role) ? SubjectRefusal.ScopeNotAllowed
            : person.MustChangePassword && credentials.NewPassword is null ? SubjectRefusal.PasswordChangeRequired
            : credentials.NewPassword is { } wish && !IsAcceptable(wish, credentials.Password, person) ? SubjectRefusal.WeakPassword
            : (SubjectRefusal?)null;
        if (refusal is { } reason)
        {
            batch.AddKeptAudit(new AuditEvent
            {
                Kind = AuditKinds.SignInFailed,
                SubjectId = person.Id,
                ClientId = credentials.ClientId,
                Address = credentials.Address,
                Detail = reason.ToString(),
            });
            return SubjectResult.Refused(reason);
        }

        if (credentials.NewPassword is null)
        {
            if (verdict.Rehash)
                await RehashAsync(person, credentials.Password, batch, cancellationToken);
            return sessions.Add(batch, person, "pwd", credentials);
        }
        string hash;
        try
        {
            hash = await hashing.HashAsync(credentials.NewPassword, cancellationToken);
        }
        catch (HashingQueueFullException full)
        {
            // The verdict stands and frees its slot; only the change has to wait.
            return SubjectResult.Refused(SubjectRefusal.Busy, full.RetryAfter);
        }
        AddChange(batch, person, hash, credentials);
        return sessions.Add(batch, person with { Epoch = person.Epoch + 1 }, "pwd", credentials, onlyIfHash: hash);
    }

    bool IsAcceptable(string wish, string current, PersonAtTheDoor person) =>
        wish != current && policy.Check(wish, person.UserName, person.Email) == PasswordFlaw.None;

    /// <summary>Ends every other session: whoever else knows the old password is out.</summary>
    void AddChange(WriteBatch batch, PersonAtTheDoor person, string hash, PasswordCredentials credentials)
    {
        batch.Add(
            ChangeSql,
            Sql.Value(person.Id),
            Sql.Value(hash),
            Sql.Value(person.PasswordHash!),
            Sql.Value(person.Epoch),
            Sql.Value(revocation.Value.Keep),
            Sql.Value(credentials.ClientId),
            Sql.Value(credentials.Address));
        revocations.PublishWith(batch);
    }

    /// <summary>Hashes of older parameters are replaced while the password is at hand; another time, if too many passwords wait.</summary>
    async Task RehashAsync(PersonAtTheDoor person, string password, WriteBatch batch, CancellationToken cancellationToken)
    {
        string hash;
        try
        {
            hash = await hashing.HashAsync(password, cancellationToken);
        }
        catch (HashingQueueFullException)
        {
            return;
        }
        batch.Add(RehashSql, Sql.Value(person.Id), Sql.Value(hash), Sql.Value(person.PasswordHash!));
    }
}
