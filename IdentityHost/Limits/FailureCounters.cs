using IdentityHost.Audit;
using IdentityHost.Data;
using IdentityHost.Data.Entities;
using IdentityHost.Revocation;
using Microsoft.Extensions.Options;
using Npgsql;

namespace IdentityHost.Limits;

/// <summary>What counting one failure came to.</summary>
internal sealed class FailureVerdict
{
    /// <summary>
    /// Set where the source was blocked already when this failure was counted: it was under way together with those that led to the block. Its caller
    /// is told to wait, and not that it was wrong.
    /// </summary>
    public TimeSpan? BlockedFor { get; private set; }

    /// <summary>Whether this failure led to a block.</summary>
    public bool Blocks { get; private set; }

    /// <summary>What one counter says; the longest wait holds.</summary>
    public void Add(TimeSpan blockedFor, bool already)
    {
        if (!already)
            Blocks = true;
        else if (!(BlockedFor > blockedFor))
            BlockedFor = blockedFor;
    }
}

/// <summary>
/// Counts failures in <c>failure_counters</c>, each by one statement that also blocks, tells the feed and the audit. What succeeds neither reads nor
/// writes here. Failures are counted one by one however many come at once; a guess that was under way when the block fell is compared, but a wrong one
/// is not told so.
/// </summary>
internal sealed class FailureCounters(NpgsqlDataSource database, Revocations revocations, IOptions<RateLimits> options)
{
    /// <summary>2^10 times the first block is beyond every longest one; more would overflow an interval.</summary>
    const int LargestExponent = 10;

    const string Blocked = $"c.blocked_until > identity_now() AND {Blocks.NotFromTheFuture}";

    /// <summary>The window is over, or ended in a block, or began in a future that the database's clock has been put back from.</summary>
    const string Fresh = $"c.started_at <= identity_now() - $3 OR c.started_at < c.blocked_until OR NOT {Blocks.NotFromTheFuture}";

    const string Forgotten = $"greatest(c.updated_at, c.blocked_until) <= identity_now() - $3 OR NOT {Blocks.NotFromTheFuture}";
    const string Count = $"CASE WHEN {Fresh} THEN 1 ELSE c.failures + 1 END";
    const string Series = $"CASE WHEN {Forgotten} THEN 0 ELSE c.blocks END";

    // The failure that blocks sets the count to 0; those that were under way then count up from there, for nothing but to be told apart from it.
    static readonly string CountSql =
        $"""
        WITH counted AS (
            INSERT INTO failure_counters AS c (key, failures, blocks, started_at, updated_at)
            SELECT $1, 1, 0, identity_now(), identity_now()
            WHERE $7::bytea IS NULL OR EXISTS (SELECT FROM failure_counters WHERE key = $7 AND started_at = updated_at)
            ON CONFLICT (key) DO UPDATE SET
                failures = CASE WHEN {Blocked} THEN c.failures + 1 WHEN {Count} >= $2 THEN 0 ELSE {Count} END,
                blocks = CASE WHEN {Blocked} THEN c.blocks WHEN {Count} >= $2 THEN {Series} + 1 ELSE {Series} END,
                started_at = CASE WHEN NOT coalesce({Blocked}, false) AND ({Fresh}) THEN identity_now() ELSE c.started_at END,
                blocked_until = CASE
                    WHEN {Blocked} THEN c.blocked_until
                    WHEN {Count} >= $2 THEN identity_now() + least($4 * power(2, least({Series}, $6)), $5)
                    WHEN c.blocked_until <= identity_now() THEN c.blocked_until END,
                updated_at = identity_now()
            RETURNING c.blocked_until, coalesce(c.blocked_until > identity_now(), false) AS blocked, c.failures),
        told AS (
            {Revocations.InsertInto}
            SELECT {(short)RevocationKind.Block}, $8, NULL, blocked_until FROM counted WHERE blocked AND failures = 0),
        audited AS ({AuditLog.InsertInto} SELECT $9, NULL, NULL, $10, $11, NULL FROM counted WHERE blocked AND failures = 0)
        SELECT blocked_until - identity_now(), failures > 0 FROM counted WHERE blocked
        """;

    readonly RateLimits _limits = options.Value;

    /// <summary>Adds a wrong password to the statements of its verdict.</summary>
    /// <param name="batch">What else the wrong password owes; the result is there when it has been executed.</param>
    /// <param name="address">Where it came from.</param>
    /// <param name="clientId">The application it came through, for the audit.</param>
    public FailureVerdict AddWrongPassword(WriteBatch batch, string address, string clientId)
    {
        var verdict = new FailureVerdict();
        Add(batch, FailureSource.OfPasswords(address), verdict, address, clientId);
        return verdict;
    }

    /// <summary>
    /// Counts a wrong secret: for the client, and once for each window of it for the address. So a service that repeats one outdated secret is counted
    /// against its own client and does not shut out its neighbours behind one address.
    /// </summary>
    /// <param name="sent">The <c>client_id</c> as it was sent.</param>
    /// <param name="address">Where it came from.</param>
    /// <param name="known">The application of that name, for the audit; null where there is none, since what was sent may be a secret in the wrong field.</param>
    public async Task<FailureVerdict> CountWrongSecretAsync(string sent, string address, string? known)
    {
        var verdict = new FailureVerdict();
        var batch = new WriteBatch();
        var client = FailureSource.OfClient(sent, address);
        // Always in this order: two rows of one table are locked.
        Add(batch, client, verdict, address, known);
        Add(batch, FailureSource.OfSecrets(address), verdict, address, clientId: null, onlyFirstOf: client);
        // The verdict stands even if the caller has gone: hanging up must not buy another try.
        await batch.ExecuteAsync(database, CancellationToken.None);
        return verdict;
    }

    /// <summary>Counts one use of what is limited whether it fails or not. Null to go on; the use that leads to the block is the last that may.</summary>
    public async Task<TimeSpan?> CountAsync(FailureSource source, string address, string? clientId = null)
    {
        var verdict = new FailureVerdict();
        var batch = new WriteBatch();
        Add(batch, source, verdict, address, clientId);
        await batch.ExecuteAsync(database, CancellationToken.None);
        return verdict.BlockedFor;
    }

    void Add(WriteBatch batch, FailureSource source, FailureVerdict verdict, string address, string? clientId, FailureSource? onlyFirstOf = null)
    {
        if (!_limits.Enabled)
            return;
        var limit = source.Limit(_limits);
        batch.AddRead(
            CountSql,
            reader => verdict.Add(reader.GetTimeSpan(0), already: reader.GetBoolean(1)),
            Sql.Value(source.Key),
            Sql.Value(limit.Failures),
            Sql.Value(limit.Window),
            Sql.Value(limit.Block),
            Sql.Value(limit.LongestBlock),
            Sql.Value(LargestExponent),
            Sql.Optional(onlyFirstOf?.Key),
            Sql.Value(source.FeedKey),
            Sql.Value(source.BlockedKind),
            Sql.Optional(clientId),
            Sql.Value(address));
        // Told at once: on this node at least the next request is refused.
        batch.AfterCommit(() => verdict.Blocks ? revocations.PublishAsync() : Task.CompletedTask);
    }
}
