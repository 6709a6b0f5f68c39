using IdentityHost.Data;
using IdentityHost.Data.Entities;
using Microsoft.Extensions.Options;
using Npgsql;

namespace IdentityHost.SignIn.Browser;

/// <summary>What a browser's cookie stands for.</summary>
/// <param name="SessionId">The session.</param>
/// <param name="AuthTime">Its <c>auth_time</c>, to the microsecond, when the cookie was given.</param>
internal sealed record BrowserTicket(Guid SessionId, DateTimeOffset AuthTime);

/// <summary>
/// What stands behind a browser's cookie: the row in <c>sessions</c>, read for each page. The cookie holds no more than its (encrypted) id, so
/// one that was copied is worthless from the moment the session has ended, on every node, and a role is what it is now.
/// </summary>
internal sealed class BrowserSessions(NpgsqlDataSource database, IOptions<BrowserSessionOptions> options)
{
    /// <summary>How precisely it is known when a browser was last seen: a page must not cost a write each time.</summary>
    static readonly TimeSpan Grain = TimeSpan.FromMinutes(1);

    static readonly string FindSql =
        $"""
        WITH live AS (
            SELECT s.id, s.user_id, s.amr, s.auth_time, s.last_seen_at, s.expires_at, u.user_name, u.name, u.role, u.epoch
            FROM sessions s JOIN users u ON u.id = s.user_id
            WHERE s.id = $1 AND s.ended_at IS NULL AND s.expires_at > identity_now() AND s.auth_time + $2 > identity_now()
              AND s.auth_time <= $5 AND s.last_seen_at + $3 > identity_now() AND u.status AND s.global_epoch = {Installation.EpochSql}),
        seen AS (
            UPDATE sessions SET last_seen_at = identity_now() FROM live
            WHERE sessions.id = live.id AND live.last_seen_at + $4 < identity_now())
        SELECT user_id, amr, auth_time, user_name, name, role, epoch, expires_at FROM live
        """;

    // Whoever proves once more who they are keeps the session that their browser has, with everything that applications hang on it: only when it
    // was proved moves. The row that the proof has just begun has nothing below it, and ends.
    static readonly string BeginSql =
        $"""
        WITH begun AS MATERIALIZED (
            SELECT s.id, s.auth_time, s.amr, u.id AS user_id FROM sessions s JOIN users u ON u.id = s.user_id
            WHERE s.id = $1 AND s.ended_at IS NULL AND u.status FOR SHARE OF u),
        kept AS (
            UPDATE sessions SET auth_time = begun.auth_time, amr = begun.amr, last_seen_at = identity_now() FROM begun
            WHERE sessions.id = $2 AND sessions.id <> $1 AND sessions.user_id = begun.user_id AND sessions.ended_at IS NULL
              AND sessions.expires_at > identity_now() AND sessions.global_epoch = {Installation.EpochSql} RETURNING sessions.id),
        gone AS (UPDATE sessions SET ended_at = identity_now() FROM kept WHERE sessions.id = $1)
        SELECT coalesce((SELECT id FROM kept), begun.id), begun.auth_time FROM begun
        """;

    /// <summary>The ticket for a session that has just begun; where the browser has a live one of the same person, for that one.</summary>
    /// <returns>Null where it has ended meanwhile.</returns>
    public Task<BrowserTicket?> BeginAsync(Guid begun, Guid? current, CancellationToken cancellationToken) => Conflicts.RetryAsync(async () =>
    {
        await using var command = database.CreateCommand(BeginSql);
        command.Parameters.Add(Sql.Value(begun));
        command.Parameters.Add(Sql.Value(current ?? begun));
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        return await row.ReadAsync(cancellationToken) ? new BrowserTicket(row.GetGuid(0), new DateTimeOffset(row.GetDateTime(1))) : null;
    });

    /// <summary>Who the session belongs to, if it is alive.</summary>
    public async Task<BrowserPerson?> FindAsync(BrowserTicket ticket, CancellationToken cancellationToken)
    {
        var id = ticket.SessionId;
        await using var command = database.CreateCommand(FindSql);
        var parameters = command.Parameters;
        parameters.Add(Sql.Value(id));
        parameters.Add(Sql.Value(options.Value.AbsoluteLifetime));
        parameters.Add(Sql.Value(options.Value.IdleLifetime));
        parameters.Add(Sql.Value(Grain));
        parameters.Add(Sql.Value(ticket.AuthTime.UtcDateTime));
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        if (!await row.ReadAsync(cancellationToken))
            return null;
        return new BrowserPerson(
            row.GetInt64(0),
            id,
            row.GetString(3),
            row.IsDBNull(4) ? null : row.GetString(4),
            (UserRole)row.GetInt16(5),
            row.GetString(1),
            new DateTimeOffset(row.GetDateTime(2)),
            row.GetInt32(6),
            new DateTimeOffset(row.GetDateTime(7)));
    }
}
