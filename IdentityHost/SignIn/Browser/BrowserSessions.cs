using IdentityHost.Data;
using IdentityHost.Data.Entities;
using Microsoft.Extensions.Options;
using Npgsql;

namespace IdentityHost.SignIn.Browser;

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
              AND s.last_seen_at + $3 > identity_now() AND u.status AND s.global_epoch = {Installation.EpochSql}),
        seen AS (
            UPDATE sessions SET last_seen_at = identity_now() FROM live
            WHERE sessions.id = live.id AND live.last_seen_at + $4 < identity_now())
        SELECT user_id, amr, auth_time, user_name, name, role, epoch, expires_at FROM live
        """;

    /// <summary>Who the session belongs to, if it is alive.</summary>
    public async Task<BrowserPerson?> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(FindSql);
        var parameters = command.Parameters;
        parameters.Add(Sql.Value(id));
        parameters.Add(Sql.Value(options.Value.AbsoluteLifetime));
        parameters.Add(Sql.Value(options.Value.IdleLifetime));
        parameters.Add(Sql.Value(Grain));
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
