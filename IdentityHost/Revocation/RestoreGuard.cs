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
    // At the start of a node only, under the lock of all starts. It names the key: while a dump is being loaded the table is empty and has
    // none, and then this fails. A row put there would be in the way of the one that comes.
    const string FirstSql =
        """
        INSERT INTO installation (id, system_identifier, timeline, written_by, epoch)
        VALUES (1, coalesce($1, 0), coalesce($2, 0), pg_current_xact_id(), 0) ON CONFLICT (id) DO NOTHING
        """;

    // A dump that is loaded writes the row anew, by another transaction than the one it names. Zero stands for "may not know": learning it is
    // no change. The new epoch is also a time (seconds of 2026 and after): a backup that is restored twice must not count to the same number
    // twice. The conflict clauses change nothing, but fail while a dump is being loaded that has not come to its keys: rows
    // written now would be in the way of those that come.
    static readonly string MoveSql =
        $"""
        WITH was AS (
            SELECT epoch, xmin <> written_by::xid AS loaded,
                   coalesce(system_identifier <> 0 AND system_identifier <> $1, false) OR coalesce(timeline <> 0 AND timeline <> $2, false) AS elsewhere,
                   coalesce(system_identifier <> $1, false) OR coalesce(timeline <> $2, false) AS differs,
                   $4 AND epoch <= $5 AS gone,
                   EXISTS (SELECT FROM revocations WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())) AS ahead
            FROM installation WHERE id = {Installation.OnlyId} FOR UPDATE),
        moved AS (
            UPDATE installation i SET
                system_identifier = coalesce($1, i.system_identifier), timeline = coalesce($2, i.timeline), written_by = pg_current_xact_id(),
                epoch = CASE WHEN was.loaded OR was.gone OR (was.elsewhere AND NOT $3)
                    THEN greatest(i.epoch + 1, $5 + 1, (extract(epoch FROM identity_now()) - 1767225600)::int) ELSE i.epoch END
            FROM was WHERE i.id = {Installation.OnlyId} AND (was.loaded OR was.gone OR was.differs)
            RETURNING i.epoch, i.epoch <> was.epoch AS moves),
        revoked AS (
            {Revocations.InsertInto}
            SELECT {(short)RevocationKind.All}, '', epoch, identity_now() + $6 FROM moved WHERE moves ON CONFLICT (id) DO NOTHING),
        audited AS ({AuditLog.InsertInto} SELECT $7, NULL, NULL, NULL, NULL, epoch::text FROM moved WHERE moves ON CONFLICT (id) DO NOTHING)
        SELECT moved.epoch, coalesce(moves, false), ahead, (SELECT max(id) FROM revocations) FROM was LEFT JOIN moved ON true
        """;

    // Apart from the move, which must be quick: with many rows either takes longer than a feed may stand still. What a moved epoch has killed
    // needs no rows any more. Rows of another cluster may lie in this one's future, and would be read again and again: they get a number of ours.
    static readonly string ForgetSql = $"DELETE FROM revocations WHERE id <= $1 AND kind <> {(short)RevocationKind.All}";

    const string RenumberSql = "UPDATE revocations SET xid = pg_current_xact_id() WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())";

    readonly bool _trustFailover = configuration.GetValue("Database:TrustFailover", false);
    DatabaseIdentity? _identity;
    bool _told;

    /// <summary>Whether what was read may come from another history of the database than what this node has read before.</summary>
    public bool Doubts(FeedRead read) => !read.Intact || (_identity is { } identity && read.Position < identity.Position);

    /// <summary>Remembers how far the log was when the node read; what comes later must not be before it.</summary>
    public void Saw(FeedRead read)
    {
        if (_identity is { } identity && read.Position > identity.Position)
            _identity = identity with { Position = read.Position };
    }

    /// <summary>Writes down at the first start of all which database this is.</summary>
    public async Task BeginAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var identity = await IdentifyAsync(connection, cancellationToken);
        await using var first = new NpgsqlCommand(FirstSql, connection) { Parameters = { Sql.Optional(identity.System), Sql.Optional(identity.Timeline) } };
        await first.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Compares the database with what it said of itself and with what this node has seen, and moves the global epoch where they differ.</summary>
    /// <param name="connection">A connection to it.</param>
    /// <param name="lastEpoch">The epoch this node read last.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>Whether the role may read the positions of the log.</returns>
    public async Task<bool> CheckAsync(NpgsqlConnection connection, int lastEpoch, CancellationToken cancellationToken)
    {
        var identity = await IdentifyAsync(connection, cancellationToken);
        var behind = _identity is { } seen && identity.IsBehind(seen);
        if (await MoveAsync(connection, identity, behind, lastEpoch, AuditKinds.DatabaseReplaced, cancellationToken) is { } epoch)
            Replaced(logger, epoch);
        // Not before the epoch has moved: what fails above must be found again.
        _identity = identity;
        return identity.Timeline is not null;
    }

    /// <summary>Moves the global epoch because an operator says so: for a backup that the database cannot recognise by itself.</summary>
    /// <returns>The new epoch.</returns>
    public async Task<int> RevokeEverythingAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var read = new NpgsqlCommand($"SELECT epoch FROM installation WHERE id = {Installation.OnlyId}", connection);
        if (await read.ExecuteScalarAsync(cancellationToken) is not int epoch)
            throw new InvalidOperationException("The table installation is empty: a restore is under way, or no node has started on this database yet.");
        var identity = await IdentifyAsync(connection, cancellationToken);
        if (await MoveAsync(connection, identity, gone: true, epoch, AuditKinds.EverythingRevoked, cancellationToken) is { } moved)
            return moved;
        // Somebody else moved it since.
        return (int)(await read.ExecuteScalarAsync(cancellationToken))!;
    }

    async Task<int?> MoveAsync(
        NpgsqlConnection connection, DatabaseIdentity identity, bool gone, int lastEpoch, string auditKind, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(MoveSql, connection);
        var parameters = command.Parameters;
        parameters.Add(Sql.Optional(identity.System));
        parameters.Add(Sql.Optional(identity.Timeline));
        parameters.Add(Sql.Value(_trustFailover));
        parameters.Add(Sql.Value(gone));
        parameters.Add(Sql.Value(lastEpoch));
        parameters.Add(Sql.Value(options.Value.Keep));
        parameters.Add(Sql.Value(auditKind));
        int? epoch = null;
        var (ahead, last) = (false, (long?)null);
        await using (var row = await command.ExecuteReaderAsync(cancellationToken))
        {
            if (await row.ReadAsync(cancellationToken))
                (epoch, ahead, last) = (row.GetBoolean(1) ? row.GetInt32(0) : null, row.GetBoolean(2), row.IsDBNull(3) ? null : row.GetInt64(3));
        }
        if (epoch is not null && last is { } id)
            await ForAsLongAsItTakesAsync(new NpgsqlCommand(ForgetSql, connection) { Parameters = { Sql.Value(id) } }, cancellationToken);
        else if (ahead)
            await ForAsLongAsItTakesAsync(new NpgsqlCommand(RenumberSql, connection), cancellationToken);
        return epoch;
    }

    static async Task ForAsLongAsItTakesAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        await using (command)
        {
            command.CommandTimeout = 0;
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    Task<DatabaseIdentity> IdentifyAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        DatabaseIdentity.ReadAsync(connection, refused: reason =>
        {
            if (!_told)
                MayNotKnow(logger, reason);
            _told = true;
        }, cancellationToken);

    [LoggerMessage(2010, LogLevel.Warning, "This database is not the one it was (a backup was restored, or a standby promoted): every token and session from before is dead, global epoch {Epoch}")]
    static partial void Replaced(ILogger logger, int epoch);

    [LoggerMessage(2011, LogLevel.Warning, "The database role may not read all of the cluster's identity (pg_control_system, pg_current_wal_lsn, pg_current_wal_flush_lsn, pg_walfile_name), so a promoted standby or a copied data folder may not be recognised: {Reason}")]
    static partial void MayNotKnow(ILogger logger, string reason);
}
