using IdentityHost.Audit;
using IdentityHost.Data;
using IdentityHost.Data.Entities;
using Microsoft.Extensions.Options;
using Npgsql;

namespace IdentityHost.Revocation;

/// <summary>
/// Finds out that the database is not the one it was: a backup was restored, or a standby promoted that may lack the last commits. Then
/// tokens that were used, revoked or ended since would work again; so the global epoch moves, and with it everything that was issued dies.
/// </summary>
internal sealed partial class RestoreGuard(IConfiguration configuration, IOptions<RevocationOptions> options, ILogger<RestoreGuard> logger)
{
    // The timeline of the log that is written now: the one in the control file lags behind a promotion until the next checkpoint.
    const string IdentitySql =
        "SELECT system_identifier, ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int FROM pg_control_system()";

    const string FirstSql =
        """
        INSERT INTO installation (id, system_identifier, timeline, written_by, epoch)
        VALUES (1, coalesce($1, 0), coalesce($2, 0), pg_current_xact_id(), 0) ON CONFLICT DO NOTHING
        """;

    // A dump that is loaded writes the row anew, by another transaction than the one it names. Rows of the feed are given the number of this
    // transaction: those of another cluster may lie in its future, and would be read again and again.
    static readonly string MoveSql =
        $"""
        WITH was AS (
            SELECT epoch, xmin <> written_by::xid AS loaded,
                   system_identifier <> coalesce($1, system_identifier) OR timeline <> coalesce($2, timeline) AS elsewhere,
                   $4 AND epoch = $5 AS behind
            FROM installation WHERE id = {Installation.OnlyId} FOR UPDATE),
        moved AS (
            UPDATE installation i SET
                system_identifier = coalesce($1, i.system_identifier), timeline = coalesce($2, i.timeline), written_by = pg_current_xact_id(),
                epoch = i.epoch + CASE WHEN was.loaded OR was.behind OR (was.elsewhere AND NOT $3) THEN 1 ELSE 0 END
            FROM was WHERE i.id = {Installation.OnlyId} AND (was.loaded OR was.behind OR was.elsewhere)
            RETURNING i.epoch, i.epoch <> was.epoch AS moves),
        renumbered AS (UPDATE revocations SET xid = pg_current_xact_id() FROM moved WHERE moved.moves),
        revoked AS (
            INSERT INTO revocations (kind, key, epoch, expires_at)
            SELECT {(short)RevocationKind.All}, '', epoch, identity_now() + $6 FROM moved WHERE moves),
        audited AS ({AuditLog.InsertInto} SELECT '{AuditKinds.DatabaseReplaced}', NULL, NULL, NULL, NULL, epoch::text FROM moved WHERE moves)
        SELECT epoch, moves FROM moved
        """;

    readonly bool _trustFailover = configuration.GetValue("Database:TrustFailover", false);
    bool _told;

    /// <summary>Compares the database with what it said of itself, and moves the global epoch where they differ.</summary>
    /// <param name="connection">A connection to it.</param>
    /// <param name="lastSnapshot">The last snapshot this node read.</param>
    /// <param name="lastEpoch">The epoch it read with it.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>Whether it is another one than this node has read so far.</returns>
    public async Task<bool> MovedAsync(NpgsqlConnection connection, string lastSnapshot, int lastEpoch, CancellationToken cancellationToken)
    {
        var (system, timeline) = await IdentifyAsync(connection, cancellationToken);
        await using (var first = new NpgsqlCommand(FirstSql, connection) { Parameters = { Sql.Optional(system), Sql.Optional(timeline) } })
            await first.ExecuteNonQueryAsync(cancellationToken);

        // A running node remembers transactions that a copied-back data folder has never seen, though it has the same identity.
        var behind = await IsBehindAsync(connection, lastSnapshot, cancellationToken);
        await using var command = new NpgsqlCommand(MoveSql, connection);
        var parameters = command.Parameters;
        parameters.Add(Sql.Optional(system));
        parameters.Add(Sql.Optional(timeline));
        parameters.Add(Sql.Value(_trustFailover));
        parameters.Add(Sql.Value(behind));
        parameters.Add(Sql.Value(lastEpoch));
        parameters.Add(Sql.Value(options.Value.Keep));
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        if (!await row.ReadAsync(cancellationToken))
            return behind;
        if (row.GetBoolean(1))
            Replaced(logger, row.GetInt32(0));
        return true;
    }

    /// <summary>Null, null where the role may not know: then only a loaded dump is recognised.</summary>
    async Task<(long? System, int? Timeline)> IdentifyAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            await using var command = new NpgsqlCommand(IdentitySql, connection);
            await using var row = await command.ExecuteReaderAsync(cancellationToken);
            await row.ReadAsync(cancellationToken);
            return (row.GetInt64(0), row.GetInt32(1));
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            if (!_told)
                MayNotKnow(logger, e.MessageText);
            _told = true;
            return (null, null);
        }
    }

    static async Task<bool> IsBehindAsync(NpgsqlConnection connection, string lastSnapshot, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            "SELECT pg_snapshot_xmax(pg_current_snapshot()) < pg_snapshot_xmax($1::text::pg_snapshot)", connection);
        command.Parameters.Add(Sql.Value(lastSnapshot));
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    [LoggerMessage(2010, LogLevel.Warning, "This database is not the one it was (a backup was restored, or a standby promoted): every token and session from before is dead, global epoch {Epoch}")]
    static partial void Replaced(ILogger logger, int epoch);

    [LoggerMessage(2011, LogLevel.Warning, "The database role may not read the cluster's identity, so a promoted standby is not recognised (GRANT EXECUTE ON FUNCTION pg_control_system, pg_walfile_name(pg_lsn)): {Reason}")]
    static partial void MayNotKnow(ILogger logger, string reason);
}
