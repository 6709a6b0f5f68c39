using System.Security.Cryptography;
using IdentityHost.Audit;
using IdentityHost.Data;
using IdentityHost.Data.Entities;
using IdentityHost.Protocol.Clients;
using IdentityHost.Protocol.Tokens;
using IdentityHost.Revocation;
using Microsoft.Extensions.Options;
using Npgsql;

namespace IdentityHost.Protocol.Grants;

/// <summary>
/// Writes <c>grants</c>, one row for each grant however many tokens come of it, with what its first refresh token is derived from. A person has
/// at most <see cref="TokensOptions.MaximumGrants"/> live ones with an application: a new one ends the oldest.
/// </summary>
internal sealed class GrantRows(TimeProvider clock, Revocations revocations, IOptions<TokensOptions> options, IOptions<RevocationOptions> revocation)
{
    // The session was inserted by an earlier statement of the same transaction, and only if the person was still allowed in.
    // The application's row is locked: one that is being disabled at this moment gets no grant (a plain read would not see it).
    // No grant is an error (a division by zero), so that nothing else of the transaction stands: no session, no changed password, no word
    // in the audit of a sign-in that was refused.
    // Those beyond the limit: this statement does not see its own row, so one less than the limit may stay. Two at once do not see one another's
    // either; so an earlier statement of the transaction must have locked something of the person's for itself alone. The sign-in has (its row of
    // sign_in_states), and each statement reads what had committed when it began.
    static readonly string Insert =
        $"""
        WITH application AS (SELECT id FROM applications WHERE id = $1 AND enabled AND epoch = $2 FOR SHARE),
        made AS (
            INSERT INTO grants (id, session_id, user_id, application_id, scope, salt, created_at, expires_at)
            SELECT $3, s.id, s.user_id, a.id, $4, $7, identity_now(), least(s.expires_at, identity_now() + $5)
            FROM sessions s, application a WHERE s.id = $6 AND s.ended_at IS NULL RETURNING id),
        beyond AS MATERIALIZED (
            SELECT id FROM grants
            WHERE user_id = $8 AND application_id = $1 AND ended_at IS NULL AND expires_at > identity_now() AND rotated_at + $9 > identity_now()
            ORDER BY created_at DESC, id DESC OFFSET $10),
        crowded_out AS (
            UPDATE grants g SET ended_at = identity_now() FROM beyond, made WHERE g.id = beyond.id AND g.ended_at IS NULL RETURNING g.id, g.user_id),
        revoked AS (
            {Revocations.InsertInto}
            SELECT {(short)RevocationKind.Grant}, replace(id::text, '-', ''), NULL, identity_now() + $11 FROM crowded_out),
        audited AS (
            {AuditLog.InsertInto} SELECT '{AuditKinds.GrantCrowdedOut}', user_id, user_id, $12, NULL, replace(id::text, '-', '') FROM crowded_out)
        SELECT 1 / count(*), (SELECT count(*) FROM crowded_out) FROM made
        """;

    /// <summary>Whether a batch failed because person, session or application changed while the password was being checked.</summary>
    public static bool LostToARace(PostgresException e) => e.SqlState == PostgresErrorCodes.DivisionByZero;

    /// <summary>Adds the grant to the statements of the request. Their execution fails with <see cref="LostToARace"/> where the grant may not be made any more.</summary>
    public (Guid Id, byte[] Salt) Add(WriteBatch batch, Client client, Subject subject, IReadOnlyList<string> scopes)
    {
        var id = Identifiers.NewRowId(clock.GetUtcNow());
        var salt = RandomNumberGenerator.GetBytes(RefreshTokens.SaltLength);
        var crowdedOut = false;
        batch.AddRead(
            Insert,
            row => crowdedOut = row.GetInt64(1) > 0,
            Sql.Value(client.ApplicationId),
            Sql.Value(client.Epoch),
            Sql.Value(id),
            Sql.Value(string.Join(' ', scopes)),
            Sql.Value(options.Value.RefreshAbsoluteLifetime),
            Sql.Value(subject.SessionId),
            Sql.Value(salt),
            Sql.Value(subject.Id),
            Sql.Value(options.Value.RefreshIdleLifetime),
            Sql.Value(options.Value.MaximumGrants - 1),
            Sql.Value(revocation.Value.Keep),
            Sql.Value(client.ClientId));
        batch.AfterCommit(() => crowdedOut ? revocations.PublishAsync() : Task.CompletedTask);
        return (id, salt);
    }
}
