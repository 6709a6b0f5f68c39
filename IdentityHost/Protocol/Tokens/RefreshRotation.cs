using IdentityHost.Audit;
using IdentityHost.Data;
using IdentityHost.Data.Entities;
using IdentityHost.Protocol.Clients;
using IdentityHost.Revocation;
using Microsoft.Extensions.Options;
using Npgsql;

namespace IdentityHost.Protocol.Tokens;

/// <summary>A grant whose refresh token was good.</summary>
/// <param name="GrantId">The grant.</param>
/// <param name="Scope">What was granted, space separated.</param>
/// <param name="Successor">The refresh token to use next: the same for everybody who presents the same predecessor. Where the application's stays, that one again.</param>
/// <param name="Subject">Whose it is, as they are now.</param>
/// <param name="CreatedAt">When the grant was made.</param>
/// <param name="Resources">The resource servers it was asked for; none means those its scopes belong to.</param>
/// <param name="Claims">The <c>claims</c> parameter it began with.</param>
internal sealed record RefreshedGrant(
    Guid GrantId, string Scope, string Successor, Subject Subject, DateTimeOffset CreatedAt, string[] Resources, string? Claims);

/// <summary>What a refresh asks for.</summary>
/// <param name="Scopes">None means those granted.</param>
/// <param name="Resource">The one resource server the token is to be for; null means those of the grant.</param>
internal sealed record RefreshWish(string[] Scopes, string? Resource);

/// <summary>
/// Rotation, in one statement by primary key. It locks what it depends on (person, session, application): a plain join would re-check the
/// grant's row only, and succeed after somebody's disabling of the person has committed.
/// </summary>
internal sealed class RefreshRotation(
    RefreshTokens tokens, NpgsqlDataSource database, Revocations revocations, IOptions<TokensOptions> options, IOptions<RevocationOptions> revocation)
{
    // Everybody locks in this order (person, session, application, grant), so that no two wait for one another.
    // Generations: the newest works and moves the row on; the one before works while its successor is unused and the grace lasts, and moves
    // nothing; an older one is a replay, and the grant ends with everything on it. One above the row's (a restored backup) finds nothing.
    // Where the application's refresh tokens stay, a use moves rotated_at alone, for the idle time. It is set a grace back: from the first
    // such use on no predecessor has a grace, as if a successor had been used, whichever way the application is switched in between.
    static readonly string Statement =
        $"""
        WITH person AS MATERIALIZED (
            SELECT g.id AS grant_id, g.session_id, u.id, u.role, u.epoch
            FROM grants g JOIN users u ON u.id = g.user_id WHERE g.id = $1 AND u.status FOR SHARE OF u),
        session AS MATERIALIZED (
            SELECT s.id, s.expires_at, s.auth_time, s.amr FROM sessions s JOIN person ON s.id = person.session_id
            WHERE s.ended_at IS NULL AND s.expires_at > identity_now() AND s.global_epoch = {Installation.EpochSql} FOR SHARE OF s),
        application AS MATERIALIZED (
            SELECT a.id, a.refresh_rotation = '{RefreshRotations.None}' AS stays
            FROM applications a, session WHERE a.id = $3 AND a.enabled AND a.epoch = $5 FOR SHARE OF a),
        subject AS MATERIALIZED (
            SELECT person.grant_id, person.id AS user_id, person.role, person.epoch, session.id AS session_id, session.expires_at,
                   session.auth_time, session.amr, application.stays
            FROM person, session, application),
        rotated AS (
            UPDATE grants g SET
                generation = g.generation + CASE WHEN g.generation = $2 AND NOT subject.stays THEN 1 ELSE 0 END,
                rotated_at = CASE WHEN g.generation <> $2 THEN g.rotated_at WHEN subject.stays THEN identity_now() - $6 ELSE identity_now() END,
                ended_at = CASE WHEN g.generation = $2 OR (g.generation = $2 + 1 AND g.rotated_at + $6 > identity_now()) THEN NULL ELSE identity_now() END
            FROM subject
            WHERE g.id = subject.grant_id AND g.application_id = $3 AND g.salt = $4 AND g.generation >= $2
              AND g.ended_at IS NULL AND g.expires_at > identity_now() AND g.rotated_at + $7 > identity_now()
              AND $12 <@ string_to_array(g.scope, ' ') AND ($13::text IS NULL OR cardinality(g.resources) = 0 OR $13 = ANY (g.resources))
            RETURNING g.generation, g.scope, g.ended_at IS NOT NULL AS replayed, subject.user_id, subject.role, subject.epoch, subject.session_id,
                      subject.expires_at, subject.auth_time, subject.amr, g.created_at, g.resources, g.claims),
        revoked AS (
            {Revocations.InsertInto}
            SELECT {(short)RevocationKind.Grant}, $8, NULL, identity_now() + $9 FROM rotated WHERE replayed),
        audited AS (
            {AuditLog.InsertInto} SELECT '{AuditKinds.RefreshReplayed}', NULL, user_id, $10, $11, $8 FROM rotated WHERE replayed)
        SELECT generation, scope, replayed, user_id, role, epoch, session_id, expires_at, auth_time, amr, created_at, resources, claims FROM rotated
        """;

    /// <summary>
    /// Uses a refresh token. What asks for more than was granted uses nothing: a client that never sees the successor must not be left with
    /// a predecessor that will soon count as a replay.
    /// </summary>
    /// <param name="token">The token, taken apart.</param>
    /// <param name="wish">What is asked for, within what was granted.</param>
    /// <param name="client">Who presents it.</param>
    /// <param name="address">Where it comes from, for the audit.</param>
    /// <param name="cancellationToken">Stops the statement.</param>
    /// <returns>Null where it does not work (any more); a replay has by then ended the grant.</returns>
    public Task<RefreshedGrant?> RotateAsync(
        RefreshTokenParts token, RefreshWish wish, Client client, string address, CancellationToken cancellationToken) =>
        Conflicts.RetryAsync(() => TryRotateAsync(token, wish, client, address, cancellationToken));

    async Task<RefreshedGrant?> TryRotateAsync(
        RefreshTokenParts token, RefreshWish wish, Client client, string address, CancellationToken cancellationToken)
    {
        var lifetimes = options.Value;
        await using var command = database.CreateCommand(Statement);
        var parameters = command.Parameters;
        parameters.Add(Sql.Value(token.GrantId));
        parameters.Add(Sql.Value(token.Generation));
        parameters.Add(Sql.Value(client.ApplicationId));
        parameters.Add(Sql.Value(token.Salt));
        parameters.Add(Sql.Value(client.Epoch));
        parameters.Add(Sql.Value(lifetimes.RefreshGrace));
        parameters.Add(Sql.Value(lifetimes.RefreshIdleLifetime));
        parameters.Add(Sql.Value(Identifiers.Text(token.GrantId)));
        parameters.Add(Sql.Value(revocation.Value.Keep));
        parameters.Add(Sql.Value(client.ClientId));
        parameters.Add(Sql.Value(address));
        parameters.Add(Sql.Value(wish.Scopes));
        parameters.Add(Sql.Optional(wish.Resource));
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        if (!await row.ReadAsync(cancellationToken))
            return null;
        if (row.GetBoolean(2))
        {
            await row.CloseAsync();
            await revocations.PublishAsync();
            return null;
        }
        var subject = new Subject(
            row.GetInt64(3),
            row.GetInt32(5),
            (UserRole)row.GetInt16(4),
            row.GetGuid(6),
            SessionExpiresAt: new DateTimeOffset(row.GetDateTime(7)),
            AuthTime: new DateTimeOffset(row.GetDateTime(8)),
            Amr: row.GetString(9));
        return new RefreshedGrant(
            token.GrantId,
            row.GetString(1),
            tokens.Derive(token.GrantId, row.GetInt32(0), token.Salt),
            subject,
            CreatedAt: new DateTimeOffset(row.GetDateTime(10)),
            Resources: row.GetFieldValue<string[]>(11),
            Claims: row.IsDBNull(12) ? null : row.GetString(12));
    }

    /// <summary>
    /// Asked after a refusal only: whether it was the wish. A generation that the row has not reached was made by a database that is gone (a
    /// restored backup, a failover that lost commits), and the audit tells it.
    /// </summary>
    public async Task<ProtocolError?> WhyNotAsync(
        RefreshTokenParts token, RefreshWish wish, Client client, string address, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            "SELECT generation, $3 <@ string_to_array(scope, ' '), $4::text IS NULL OR cardinality(resources) = 0 OR $4 = ANY (resources) FROM grants WHERE id = $1 AND application_id = $2 AND ended_at IS NULL");
        command.Parameters.Add(Sql.Value(token.GrantId));
        command.Parameters.Add(Sql.Value(client.ApplicationId));
        command.Parameters.Add(Sql.Value(wish.Scopes));
        command.Parameters.Add(Sql.Optional(wish.Resource));
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        if (!await row.ReadAsync(cancellationToken))
            return null;
        var (generation, isScopeGranted, isResourceGranted) = (row.GetInt32(0), row.GetBoolean(1), row.GetBoolean(2));
        if (token.Generation > generation)
        {
            var batch = new WriteBatch();
            batch.AddAudit(new AuditEvent
            {
                Kind = AuditKinds.RefreshFromTheFuture,
                ClientId = client.ClientId,
                Address = address,
                Detail = Identifiers.Text(token.GrantId),
            });
            await batch.ExecuteAsync(database, cancellationToken);
        }
        if (!isScopeGranted)
            return ProtocolError.InvalidScope("A scope was asked for that was not granted.");
        return isResourceGranted ? null : ProtocolError.InvalidTarget;
    }
}
