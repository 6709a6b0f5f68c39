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
    // No grant is an error (a division by zero), so that nothing else of the transaction stands: no session, no changed password, no word
    // in the audit of a sign-in that was refused.
    static readonly string Insert = Statement(
        "(SELECT $10::uuid AS session_id, $11::bigint AS user_id, $12::text AS scope, '{}'::text[] AS resources, NULL::text AS claims)", made: "1 / count(*)");

    // The code was used by an earlier statement of the same transaction, or not: then nothing is made, and what a replay has ended stays ended.
    static readonly string InsertOfCode = Statement(
        "(SELECT session_id, user_id, scope, resources, claims FROM authorization_codes WHERE grant_id = $3 AND id = $10)", made: "count(*)");

    // The application's row is locked: one that is being disabled at this moment gets no grant (a plain read would not see it).
    // Those beyond the limit: this statement does not see its own row, so one less than the limit may stay. Two at once do not see one another's
    // either, unless an earlier statement of the transaction has locked something of the person's for itself alone. A sign-in has (its row of
    // sign_in_states), and each statement reads what had committed when it began. Codes have not: two at once may leave one too many, which the next ends.
    static string Statement(string source, string made) =>
        $"""
        WITH source AS MATERIALIZED {source},
        application AS (SELECT id FROM applications WHERE id = $1 AND enabled AND epoch = $2 FOR SHARE),
        made AS (
            INSERT INTO grants (id, session_id, user_id, application_id, scope, resources, claims, salt, created_at, expires_at)
            SELECT $3, s.id, s.user_id, a.id, source.scope, source.resources, source.claims, $5, identity_now(), least(s.expires_at, identity_now() + $4)
            FROM source JOIN sessions s ON s.id = source.session_id, application a WHERE s.ended_at IS NULL RETURNING id),
        beyond AS MATERIALIZED (
            SELECT g.id FROM grants g JOIN source ON source.user_id = g.user_id
            WHERE g.application_id = $1 AND g.ended_at IS NULL AND g.expires_at > identity_now() AND g.rotated_at + $6 > identity_now()
            ORDER BY g.created_at DESC, g.id DESC OFFSET $7),
        crowded_out AS (
            UPDATE grants g SET ended_at = identity_now() FROM beyond, made WHERE g.id = beyond.id AND g.ended_at IS NULL RETURNING g.id, g.user_id),
        revoked AS (
            {Revocations.InsertInto}
            SELECT {(short)RevocationKind.Grant}, replace(id::text, '-', ''), NULL, identity_now() + $8 FROM crowded_out),
        audited AS (
            {AuditLog.InsertInto} SELECT '{AuditKinds.GrantCrowdedOut}', user_id, user_id, $9, NULL, replace(id::text, '-', '') FROM crowded_out)
        SELECT {made}, (SELECT count(*) FROM crowded_out) FROM made
        """;

    /// <summary>Whether a batch failed because person, session or application changed while the password was being checked.</summary>
    public static bool LostToARace(PostgresException e) => e.SqlState == PostgresErrorCodes.DivisionByZero;

    /// <summary>The id and salt of a grant to be made.</summary>
    public (Guid Id, byte[] Salt) NewRow() => (Identifiers.NewRowId(clock.GetUtcNow()), RandomNumberGenerator.GetBytes(RefreshTokens.SaltLength));

    /// <summary>Adds the grant to the statements of the request. Their execution fails with <see cref="LostToARace"/> where the grant may not be made any more.</summary>
    public (Guid Id, byte[] Salt) Add(WriteBatch batch, Client client, Subject subject, IReadOnlyList<string> scopes)
    {
        var grant = NewRow();
        Add(batch, Insert, client, grant, static _ => { }, Sql.Value(subject.SessionId), Sql.Value(subject.Id), Sql.Value(string.Join(' ', scopes)));
        return grant;
    }

    /// <summary>Adds the grant that a code buys, after the statement that used the code with the grant's id. Nothing is made where that found none.</summary>
    public void AddOfCode(WriteBatch batch, Client client, Guid codeId, (Guid Id, byte[] Salt) grant, Action<bool> isMade) =>
        Add(batch, InsertOfCode, client, grant, isMade, Sql.Value(codeId));

    void Add(WriteBatch batch, string sql, Client client, (Guid Id, byte[] Salt) grant, Action<bool> isMade, params NpgsqlParameter[] source)
    {
        var crowdedOut = false;
        batch.AddRead(
            sql,
            row =>
            {
                isMade(row.GetInt64(0) > 0);
                crowdedOut = row.GetInt64(1) > 0;
            },
            [
                Sql.Value(client.ApplicationId),
                Sql.Value(client.Epoch),
                Sql.Value(grant.Id),
                Sql.Value(options.Value.RefreshAbsoluteLifetime),
                Sql.Value(grant.Salt),
                Sql.Value(options.Value.RefreshIdleLifetime),
                Sql.Value(options.Value.MaximumGrants - 1),
                Sql.Value(revocation.Value.Keep),
                Sql.Value(client.ClientId),
                .. source,
            ]);
        batch.AfterCommit(() => crowdedOut ? revocations.PublishAsync() : Task.CompletedTask);
    }
}
