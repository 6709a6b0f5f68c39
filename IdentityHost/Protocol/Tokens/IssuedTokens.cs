using IdentityHost.Audit;
using IdentityHost.Data;
using IdentityHost.Data.Entities;
using IdentityHost.Protocol.Clients;
using IdentityHost.ResourceServer;
using IdentityHost.Revocation;
using Microsoft.Extensions.Options;
using Npgsql;

namespace IdentityHost.Protocol.Tokens;

/// <summary>What a living refresh token's grant says.</summary>
internal sealed record LiveGrant(string Scope, long UserId, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt);

/// <summary>Looks at tokens that this server issued, for whichever API, and ends them.</summary>
internal sealed class IssuedTokens(
    IAccessTokenKeys keys,
    IAccessTokenRevocations revoked,
    Revocations revocations,
    RefreshTokens refreshTokens,
    NpgsqlDataSource database,
    TimeProvider clock,
    Issuer issuer,
    IOptions<TokensOptions> options,
    IOptions<RevocationOptions> revocation)
{
    // The grant and what it bought die in one statement; whoever races it with a refresh finds the row ended or waits for it.
    static readonly string EndGrantSql =
        $"""
        WITH ended AS (
            UPDATE grants SET ended_at = identity_now()
            WHERE id = $1 AND application_id = $2 AND salt = $3 AND ended_at IS NULL RETURNING user_id),
        revoked AS (
            {Revocations.InsertInto}
            SELECT {(short)RevocationKind.Grant}, $4, NULL, identity_now() + $5 FROM ended)
        {AuditLog.InsertInto} SELECT '{AuditKinds.GrantRevoked}', user_id, user_id, $6, $7, $4 FROM ended RETURNING 1
        """;

    // Once for each token, however often it is asked for: a stranger's repetitions must cost no rows.
    static readonly string EndTokenSql =
        $"""
        WITH revoked AS (
            {Revocations.InsertInto}
            SELECT {(short)RevocationKind.Token}, $1, NULL, identity_now() + $2
            WHERE NOT EXISTS (SELECT FROM revocations WHERE key = $1 AND kind = {(short)RevocationKind.Token}) RETURNING 1)
        {AuditLog.InsertInto} SELECT '{AuditKinds.TokenRevoked}', NULL, NULL, $3, $4, $1 FROM revoked RETURNING 1
        """;

    // As rotation would judge it now: the newest generation, or the one before it within its grace.
    const string LiveSql =
        $"""
        SELECT g.scope, g.user_id, g.created_at, least(g.expires_at, g.rotated_at + $5)
        FROM grants g JOIN sessions s ON s.id = g.session_id JOIN users u ON u.id = g.user_id
        WHERE g.id = $1 AND g.application_id = $2 AND g.salt = $3 AND g.ended_at IS NULL AND g.expires_at > identity_now()
          AND g.rotated_at + $5 > identity_now() AND s.ended_at IS NULL AND u.status
          AND s.global_epoch = {Installation.EpochSql}
          AND (g.generation = $4 OR (g.generation = $4 + 1 AND g.rotated_at + $6 > identity_now()))
        """;

    readonly AccessTokenVerifier _verifier = new(
        keys,
        new AccessTokenRules { Issuer = issuer.Value, Audience = issuer.Value, AnyAudience = true, MaximumLifetime = options.Value.AccessTokenLifetime },
        clock);

    /// <summary>The access token, if it is one of ours and has not expired; revoked ones too.</summary>
    public AccessToken? ReadAccessToken(string token) => _verifier.Verify(token).Token;

    public ValueTask<bool> IsRevokedAsync(AccessToken token, CancellationToken cancellationToken) => revoked.IsRevokedAsync(token, cancellationToken);

    /// <summary>The refresh token, if this server made it; used and ended ones too.</summary>
    public RefreshTokenParts? ReadRefreshToken(string token) => refreshTokens.Parse(token);

    /// <summary>The grant behind a refresh token of this client that would work now; null where it would not.</summary>
    public async Task<LiveGrant?> FindLiveGrantAsync(RefreshTokenParts token, Client client, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(LiveSql);
        var parameters = command.Parameters;
        parameters.Add(Sql.Value(token.GrantId));
        parameters.Add(Sql.Value(client.ApplicationId));
        parameters.Add(Sql.Value(token.Salt));
        parameters.Add(Sql.Value(token.Generation));
        parameters.Add(Sql.Value(options.Value.RefreshIdleLifetime));
        parameters.Add(Sql.Value(options.Value.RefreshGrace));
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        return await row.ReadAsync(cancellationToken)
            ? new LiveGrant(row.GetString(0), row.GetInt64(1), new DateTimeOffset(row.GetDateTime(2)), new DateTimeOffset(row.GetDateTime(3)))
            : null;
    }

    /// <summary>Ends the grant of a refresh token, whatever its generation, and every access token on it. Nothing happens to another client's.</summary>
    public Task EndGrantAsync(RefreshTokenParts token, Client client, string address)
    {
        return EndAsync(
            EndGrantSql,
            Sql.Value(token.GrantId),
            Sql.Value(client.ApplicationId),
            Sql.Value(token.Salt),
            Sql.Value(Identifiers.Text(token.GrantId)),
            Sql.Value(revocation.Value.Keep),
            Sql.Value(client.ClientId),
            Sql.Value(address));
    }

    /// <summary>Ends one access token; its grant goes on.</summary>
    public Task EndAccessTokenAsync(AccessToken token, string address) => EndAsync(
        EndTokenSql, Sql.Value(token.TokenId), Sql.Value(revocation.Value.Keep), Sql.Value(token.ClientId), Sql.Value(address));

    /// <summary>The other nodes are woken only if something ended.</summary>
    async Task EndAsync(string sql, params NpgsqlParameter[] parameters)
    {
        var batch = new WriteBatch();
        var ended = false;
        batch.AddRead(sql, _ => ended = true, parameters);
        batch.AfterCommit(() => ended ? revocations.PublishAsync() : Task.CompletedTask);
        await batch.ExecuteAsync(database, CancellationToken.None);
    }
}
