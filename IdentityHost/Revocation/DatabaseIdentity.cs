using Npgsql;

namespace IdentityHost.Revocation;

/// <summary>Which history of a database answers.</summary>
/// <param name="System">The cluster's <c>system_identifier</c>; null where the role may not know.</param>
/// <param name="Timeline">The timeline of the log that is written now; null where the role may not know.</param>
/// <param name="Position">Up to where (bytes) the log is safe on disk: a crash loses nothing before it. 0 where the role may not know.</param>
internal sealed record DatabaseIdentity(long? System, int? Timeline, long Position)
{
    /// <summary>
    /// How far the log is safe. Not the number of the newest transaction: one that was rolled back, or changed nothing, may be forgotten in a
    /// crash, and a restart would look like a backup.
    /// </summary>
    public const string PositionSql = "pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0')::bigint";

    /// <summary>The timeline that is written now: the one in the control file lags behind a promotion until the next checkpoint.</summary>
    public const string TimelineSql = "('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int";

    const string SystemSql = "SELECT system_identifier FROM pg_control_system()";
    const string LogSql = $"SELECT {TimelineSql}, {PositionSql}";

    /// <summary>Whether this is an earlier state of the same database than the one <paramref name="seen"/> before.</summary>
    public bool IsBehind(DatabaseIdentity seen) =>
        (System is null || seen.System is null || System == seen.System)
        && Timeline is { } timeline && seen.Timeline is { } before
        && (timeline < before || (timeline == before && Position < seen.Position));

    /// <summary>Asks the server.</summary>
    /// <param name="connection">A connection to it.</param>
    /// <param name="refused">Told why, where the role may not know a part.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task<DatabaseIdentity> ReadAsync(NpgsqlConnection connection, Action<string> refused, CancellationToken cancellationToken)
    {
        var system = await TryAsync(SystemSql, static row => row.GetInt64(0));
        var log = await TryAsync(LogSql, static row => (Timeline: row.GetInt32(0), Position: row.GetInt64(1)));
        return new DatabaseIdentity(system, log?.Timeline, log?.Position ?? 0);

        async Task<T?> TryAsync<T>(string sql, Func<NpgsqlDataReader, T> read)
            where T : struct
        {
            try
            {
                await using var command = new NpgsqlCommand(sql, connection);
                await using var row = await command.ExecuteReaderAsync(cancellationToken);
                await row.ReadAsync(cancellationToken);
                return read(row);
            }
            // Managed servers take such functions away in one of these ways.
            catch (PostgresException e) when (e.SqlState is
                PostgresErrorCodes.InsufficientPrivilege or PostgresErrorCodes.FeatureNotSupported or PostgresErrorCodes.UndefinedFunction)
            {
                refused(e.MessageText);
                return null;
            }
        }
    }
}
