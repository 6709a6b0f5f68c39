using System.Diagnostics;
using IdentityHost.Data;
using IdentityHost.Data.Entities;
using IdentityHost.ResourceServer.Revocations;
using IdentityHost.Revocation.Subscribers;
using Npgsql;

namespace IdentityHost.Revocation;

/// <summary>
/// Keeps <see cref="RevocationCopy"/> equal to the table: reads it every <see cref="Interval"/>, at once when another node gives notice, and
/// before a request of this node that revoked something is answered. Notices may get lost; the reads do not depend on them.
/// </summary>
internal sealed partial class RevocationFeed(
    FeedDatabase database,
    RevocationCopy copy,
    RestoreGuard guard,
    NpgsqlDataSource pool,
    DatabaseClock clock,
    FeedSubscribers subscribers,
    IServiceProvider services,
    ILogger<RevocationFeed> logger) : BackgroundService, IStartupStep
{
    /// <summary>How often the table is read when nothing gives notice.</summary>
    static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(75);

    /// <summary>Notices are sent and obeyed at most this often: a thousand logouts wake the other nodes two hundred times a second, not a thousand.</summary>
    static readonly TimeSpan Spacing = TimeSpan.FromMilliseconds(5);

    static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(250);
    static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(30);
    static readonly TimeSpan SweepEvery = TimeSpan.FromSeconds(30);

    /// <summary>After a gap this long, rows may have been pruned that this node never saw.</summary>
    static readonly TimeSpan LongestGap = TimeSpan.FromMinutes(1);

    readonly SemaphoreSlim _wake = new(0);
    readonly Lock _lock = new();
    TaskCompletionSource? _waiting;
    FeedConnection? _connection;
    Instant? _lastRead;
    long _lastNotice, _lastSweep;
    int _woken, _owed;
    bool _running;

    /// <summary>Checks which database this is, and loads the live rows.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                await ReadAsync(notify: false, cancellationToken);
                break;
            }
            catch (NpgsqlException e) when (e.IsTransient && Stopwatch.GetElapsedTime(began) < StartPatience)
            {
                // A feed must be quick, a start need not: the server may have much to do just now.
                await CloseAsync();
                await Task.Delay(Retry, cancellationToken);
            }
        }
        await CloseAsync();
    }

    /// <summary>
    /// Call after the commit of a change that wrote a revocation. Wakes the other nodes, and returns when this node's copy has the row, or
    /// nobody relies on the copy any more. Does nothing where no loop runs (verbs, start-up): the nodes' own reads find the row.
    /// </summary>
    public Task PublishAsync()
    {
        Task caughtUp;
        lock (_lock)
        {
            if (!_running)
                return Task.CompletedTask;
            _waiting ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            caughtUp = _waiting.Task;
        }
        Volatile.Write(ref _owed, 1);
        Wake();
        return caughtUp;
    }

    public override void Dispose()
    {
        _wake.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        lock (_lock)
            _running = true;
        try
        {
            await Task.WhenAll(FollowAsync(stoppingToken), new FeedNotices(database).ListenAsync(() => _connection?.ProcessId, Wake, stoppingToken));
        }
        finally
        {
            // Nobody reads any more: the requests that a stopping node still answers ask the database, also about what they revoke themselves.
            copy.Doubt();
            lock (_lock)
                _running = false;
            TakeWaiting()?.TrySetResult();
            await CloseAsync();
        }
    }

    async Task FollowAsync(CancellationToken stopping)
    {
        var away = false;
        while (!stopping.IsCancellationRequested)
        {
            TaskCompletionSource? waiting = null;
            try
            {
                await PauseAsync(stopping);
                Volatile.Write(ref _woken, 0);
                waiting = TakeWaiting();
                await ReadAsync(TakeNotice(), stopping);
                // Connections of requests that were cut with ours are found out now, not by one failed request each.
                if (away)
                    pool.Clear();
                away = false;
            }
            catch (Exception e)
            {
                // Before the waiting request is answered: it was promised that this node does not accept what it has revoked.
                copy.Doubt();
                waiting?.TrySetResult();
                await CloseAsync();
                if (!stopping.IsCancellationRequested)
                {
                    if (!away)
                        Away(logger, e.Message);
                    away = true;
                    await Task.Delay(Retry, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                }
            }
            finally
            {
                waiting?.TrySetResult();
            }
        }
    }

    /// <summary>Until the next read is due: at once for a request of this node, after <see cref="Spacing"/> for a notice, after <see cref="Interval"/> for nothing.</summary>
    async Task PauseAsync(CancellationToken stopping)
    {
        if (!await _wake.WaitAsync(Interval, stopping))
            return;
        lock (_lock)
        {
            if (_waiting is not null)
                return;
        }
        if (Spacing - (_lastRead?.Elapsed ?? Spacing) is var rest && rest > TimeSpan.Zero)
            await Task.Delay(rest, stopping);
    }

    async Task ReadAsync(bool notify, CancellationToken cancellationToken)
    {
        var first = _lastRead is null;
        if (_connection is null)
        {
            // Reads all rows: after a crash the server may use the numbers of transactions again that this node took for seen.
            _connection = await database.OpenAsync(clock, cancellationToken);
            if (first)
                await guard.BeginAsync(_connection.Connection, cancellationToken);
            // A connection that broke may have been a failover.
            await CheckAsync(_connection, cancellationToken);
        }
        var read = await _connection.ReadAsync(notify, cancellationToken);
        if (guard.Doubts(read))
        {
            await CheckAsync(_connection, cancellationToken);
            read = await _connection.ReadAsync(notify, cancellationToken);
            if (guard.Doubts(read))
                throw new InvalidOperationException("The database is being restored.");
        }
        if (!first && read.GlobalEpoch != copy.GlobalEpoch)
        {
            // What was read so far belongs to another history of the database: there a user's epoch may have been further than it is here.
            copy.Clear();
            subscribers.Reset();
            _connection.Snapshot = FeedConnection.Beginning;
            read = await _connection.ReadAsync(notify: false, cancellationToken);
        }
        foreach (var row in read.Rows)
        {
            // After a new connection all rows come again, and are no news.
            if (copy.Apply(row))
                subscribers.Add(row);
        }
        if (_lastRead is { } last)
            await TellAsync(read, missed: read.Began.Since(last) > LongestGap, cancellationToken);
        copy.Complete(read.Began, read.GlobalEpoch);
        guard.Saw(read);
        subscribers.Flush(read);
        _lastRead = read.Began;
        Sweep(read.Now);
    }

    async Task CheckAsync(FeedConnection connection, CancellationToken cancellationToken)
    {
        connection.ReadsLog = await guard.CheckAsync(connection.Connection, copy.GlobalEpoch, cancellationToken);
        connection.Snapshot = FeedConnection.Beginning;
    }

    async Task TellAsync(FeedRead read, bool missed, CancellationToken cancellationToken)
    {
        var everything = missed || read.GlobalEpoch != copy.GlobalEpoch;
        if (!everything && read.Rows.Count == 0)
            return;
        foreach (var listener in services.GetServices<IRevocationListener>())
        {
            if (everything)
                await listener.AppliedAsync(RevocationKind.All, "", cancellationToken);
            foreach (var row in read.Rows)
                await listener.AppliedAsync(row.Kind, row.Key, cancellationToken);
        }
    }

    /// <summary>By the time that came with the rows: a node whose own clock is wrong must not forget what is still alive.</summary>
    void Sweep(DateTimeOffset now)
    {
        if (_lastSweep != 0 && Stopwatch.GetElapsedTime(_lastSweep) < SweepEvery)
            return;
        _lastSweep = Stopwatch.GetTimestamp();
        copy.Sweep(now);
    }

    /// <summary>Whether this read is to carry the notice that is owed to the other nodes.</summary>
    bool TakeNotice()
    {
        if (Volatile.Read(ref _owed) == 0)
            return false;
        if (_lastNotice != 0 && Stopwatch.GetElapsedTime(_lastNotice) < Spacing)
        {
            // Too early: the next read, right after the pause, carries it.
            Wake();
            return false;
        }
        Volatile.Write(ref _owed, 0);
        _lastNotice = Stopwatch.GetTimestamp();
        return true;
    }

    void Wake()
    {
        if (Interlocked.Exchange(ref _woken, 1) == 0)
            _wake.Release();
    }

    /// <summary>Those whose commit lies before the read that begins now.</summary>
    TaskCompletionSource? TakeWaiting()
    {
        lock (_lock)
        {
            (var waiting, _waiting) = (_waiting, null);
            return waiting;
        }
    }

    async Task CloseAsync()
    {
        if (_connection is { } connection)
        {
            _connection = null;
            await connection.DisposeAsync();
        }
    }

    [LoggerMessage(2110, LogLevel.Warning, "The revocation feed cannot be read, each request asks the database until it can: {Reason}")]
    static partial void Away(ILogger logger, string reason);
}
