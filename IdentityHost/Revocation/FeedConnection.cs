using IdentityHost.Data;
using IdentityHost.Data.Entities;
using IdentityHost.ResourceServer.Revocations;
using Npgsql;

namespace IdentityHost.Revocation;

/// <summary>What one read of the feed brought.</summary>
/// <param name="Rows">Rows that the read before did not see.</param>
/// <param name="GlobalEpoch">The epoch that tokens must carry.</param>
/// <param name="Intact">False where a dump was loaded over the database, or its timeline changed, since it was checked.</param>
/// <param name="Position">Up to where the log was safe (<see cref="DatabaseIdentity.Position"/>).</param>
/// <param name="Now">The database's time.</param>
/// <param name="Began">Before it was sent.</param>
internal sealed record FeedRead(List<Revoked> Rows, int GlobalEpoch, bool Intact, long Position, DateTimeOffset Now, Instant Began)
{
    /// <summary>What the read could see: <c>xmin:xmax:xip</c>.</summary>
    public required string Snapshot { get; init; }

    /// <summary>Whether it brought all rows, not only those that were new.</summary>
    public required bool Full { get; init; }

    /// <summary>The cluster's <c>system_identifier</c>: transactions of another one have nothing to do with these. 0 where the role may not know.</summary>
    public required long System { get; init; }
}

/// <summary>
/// The node's own connection to the feed, outside the pool: requests that wait for the database must not make the copy of revocations old.
/// One statement reads the rows together with the snapshot they were seen in; the next read asks for what that snapshot could not show: rows of
/// transactions that were running then, and of those that began since. So a row is read once, and none is missed however late its
/// transaction commits (counting up by id, or by time with an overlap, loses rows).
/// </summary>
internal sealed class FeedConnection(NpgsqlConnection connection, DatabaseClock clock) : IAsyncDisposable
{
    /// <summary>The channel on which nodes wake one another.</summary>
    public const string Channel = "identityhost_revocations";

    /// <summary>A snapshot that shows nothing: with it a read brings all rows.</summary>
    public const string Beginning = "1:1:";

    static readonly string PlainSql = ReadSql("true", "0::bigint");
    static readonly string LogSql = ReadSql($"i.timeline = {DatabaseIdentity.TimelineSql}", DatabaseIdentity.PositionSql);

    /// <summary>Whether the role may read the positions of the log.</summary>
    public bool ReadsLog { get; set; }

    /// <summary>What the last read saw: <c>xmin:xmax:xip</c>.</summary>
    public string Snapshot { get; set; } = Beginning;

    /// <summary>The server process, by which a node knows its own notifications.</summary>
    public int ProcessId => connection.ProcessID;

    public NpgsqlConnection Connection => connection;

    /// <summary>Reads what is new.</summary>
    /// <param name="notify">Also wakes the other nodes. Sent from here, since NOTIFY within the writers' transactions would make them commit one after the other.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task<FeedRead> ReadAsync(bool notify, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection);
        if (notify)
            batch.BatchCommands.Add(new NpgsqlBatchCommand("NOTIFY " + Channel));
        batch.BatchCommands.Add(new NpgsqlBatchCommand(ReadsLog ? LogSql : PlainSql) { Parameters = { Sql.Value(Snapshot) } });
        var (began, full) = (Instant.Now, Snapshot == Beginning);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var trip = began.Elapsed;
        if (!await reader.ReadAsync(cancellationToken))
            throw new InvalidOperationException("The table installation is empty: start a node, or run the verb migrate.");

        var snapshot = reader.GetString(0);
        var now = reader.GetDateTime(1);
        clock.Observe(now, began.Timestamp, trip);
        var (epoch, intact, position, system) = (reader.GetInt32(2), reader.GetBoolean(3), reader.GetInt64(4), reader.GetInt64(11));
        List<Revoked> rows = [];
        do
        {
            if (reader.IsDBNull(5))
                break;
            intact &= !reader.GetBoolean(9);
            rows.Add(new Revoked(
                (RevocationKind)reader.GetInt16(5),
                reader.GetString(6),
                reader.IsDBNull(7) ? 0 : reader.GetInt32(7),
                new DateTimeOffset(reader.GetDateTime(8)),
                reader.GetFieldValue<ulong>(10)));
        }
        while (await reader.ReadAsync(cancellationToken));
        Snapshot = snapshot;
        return new FeedRead(rows, epoch, intact, position, new DateTimeOffset(now), began) { Snapshot = snapshot, Full = full, System = system };
    }

    // Two ranges of one index. Reading on from the oldest running transaction would be right too, but would read the same rows again and again
    // for as long as an import takes. A row that is seen although its transaction lies in the future was loaded from a dump.
    static string ReadSql(string sameTimeline, string position) =>
        $"""
        SELECT pg_current_snapshot()::text, identity_now(), i.epoch, i.written_by::xid = i.xmin AND {sameTimeline}, {position},
               r.kind, r.key, r.epoch, r.expires_at, r.xid >= pg_snapshot_xmax(pg_current_snapshot()), r.xid, i.system_identifier
        FROM installation i
        LEFT JOIN (
            SELECT kind, key, epoch, expires_at, xid FROM revocations WHERE xid >= pg_snapshot_xmax($1::text::pg_snapshot)
            UNION ALL
            SELECT kind, key, epoch, expires_at, xid FROM revocations WHERE xid = ANY (ARRAY(SELECT pg_snapshot_xip($1::text::pg_snapshot)))) r ON true
        WHERE i.id = {Installation.OnlyId}
        """;

    public ValueTask DisposeAsync() => connection.DisposeAsync();
}
