using System.Buffers;
using System.Diagnostics;
using IdentityHost.Data.Entities;
using IdentityHost.ResourceServer.Revocations;
using Microsoft.Extensions.Options;

namespace IdentityHost.Revocation.Subscribers;

/// <summary>
/// The streams of resource servers that follow the feed at this node. <see cref="RevocationFeed"/> hands every new row over; each message is
/// written once, however many read it.
/// </summary>
internal sealed class FeedSubscribers : IDisposable
{
    /// <summary>Streams of one node. Each holds a connection and some kilobytes.</summary>
    public const int Most = 10_000;

    /// <summary>How often the time is told when there is nothing else to tell: four times within what a copy may be old.</summary>
    static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(500);

    readonly RevocationCopy _copy;
    readonly FeedMetrics _metrics;
    readonly TimeSpan _keep;
    readonly CancellationTokenRegistration _stopping;
    readonly Lock _lock = new();
    readonly HashSet<FeedSubscriber> _subscribers = [];

    // Of the feed's loop alone. Rows wait here until the read that brought them is complete: what a failed read has applied is not read again.
    readonly List<Revoked> _rows = [];
    bool _reset;
    bool _keys;
    ulong _newest;
    long _lastTime;

    FeedCursor? _cursor;
    bool _closed;

    public FeedSubscribers(RevocationCopy copy, FeedMetrics metrics, IOptions<RevocationOptions> options, IHostApplicationLifetime lifetime)
    {
        (_copy, _metrics, _keep) = (copy, metrics, options.Value.Keep);
        // Before the server waits for its requests to end: these would not.
        _stopping = lifetime.ApplicationStopping.Register(Close);
    }

    public int Count
    {
        get
        {
            lock (_lock)
                return _subscribers.Count;
        }
    }

    /// <summary>Everything is read anew: so it is for the subscribers.</summary>
    public void Reset()
    {
        _rows.Clear();
        _reset = true;
    }

    /// <summary>A row that the copy did not have.</summary>
    public void Add(in Revoked row)
    {
        if (FeedText.Tells(row.Kind))
            _rows.Add(row);
        _keys |= row.Kind is RevocationKind.Key or RevocationKind.SigningKeys;
    }

    /// <summary>The copy is complete as of this read: tells it to everybody.</summary>
    public void Flush(FeedRead read)
    {
        // All rows there are say more than what was seen before: they may be those of another cluster.
        if (read.Full)
            _newest = 0;
        foreach (var row in read.Rows)
            _newest = Math.Max(_newest, row.Xid);
        // At the start the rows are old.
        if (!_reset && _cursor is not null)
            _metrics.Applied(_rows, read);
        var cursor = FeedCursor.Of(read, _newest);
        lock (_lock)
        {
            _cursor = cursor;
            if (_subscribers.Count > 0)
                Tell(read, cursor);
        }
        _rows.Clear();
        (_reset, _keys) = (false, false);
    }

    /// <summary>A new stream, and what it has to be sent first; null where there are too many, or the node stops, or knows nothing for sure itself.</summary>
    /// <param name="clientId">Whose stream it is.</param>
    /// <param name="seen">What its reader has seen already.</param>
    public FeedOpening? Join(string clientId, FeedCursor? seen)
    {
        var subscriber = new FeedSubscriber(clientId, Instant.Now);
        var clears = _copy.Clears;
        FeedCursor cursor;
        lock (_lock)
        {
            if (_closed || _subscribers.Count >= Most || _cursor is null)
                return null;
            cursor = _cursor;
            _subscribers.Add(subscriber);
        }
        // After joining: a row that is not there yet will be offered.
        var resumes = seen is not null && seen.LeadsTo(cursor);
        var rows = _copy.Rows.Where(row => FeedText.Tells(row.Kind) && !(resumes && seen!.HasSeen(row.Xid))).ToList();
        var keys = !resumes || _copy.Rows.Any(row => row.Kind is RevocationKind.SigningKeys && !seen!.HasSeen(row.Xid)) || rows.Exists(r => r.Kind == RevocationKind.Key);
        // It may have been emptied meanwhile; and one that is old would pass for complete.
        if (_copy.Clears == clears && _copy.IsFresh)
            return new FeedOpening(subscriber, !resumes, keys, rows);
        Leave(subscriber);
        return null;
    }

    public void Leave(FeedSubscriber subscriber)
    {
        lock (_lock)
            _subscribers.Remove(subscriber);
    }

    public void Dispose() => _stopping.Dispose();

    /// <summary>The node stops: every stream ends, and none begins.</summary>
    void Close()
    {
        lock (_lock)
        {
            _closed = true;
            foreach (var subscriber in _subscribers)
                subscriber.End("shutdown");
        }
    }

    void Tell(FeedRead read, FeedCursor cursor)
    {
        var news = News();
        var due = news.Length > 0 || _lastTime == 0 || Stopwatch.GetElapsedTime(_lastTime) >= Beat;
        if (due)
            _lastTime = Stopwatch.GetTimestamp();
        ReadOnlyMemory<byte>? time = null;
        foreach (var subscriber in _subscribers)
        {
            if (news.Length > 0)
                subscriber.Offer(news);
            if ((due || subscriber.IsUntimed) && subscriber.MayHear(read.Began))
                subscriber.OfferTime(time ??= FeedText.Time(read.Now, read.GlobalEpoch, cursor));
        }
        // Whoever was disabled, or got another secret, has to prove again who it is.
        if (_rows.Where(row => row.Kind == RevocationKind.Application).Select(row => row.Key).ToHashSet() is { Count: > 0 } changed)
        {
            foreach (var subscriber in _subscribers.Where(s => changed.Contains(s.ClientId)))
                subscriber.End("client-changed");
        }
        if (_subscribers.RemoveWhere(s => s.Ending == "slow") is > 0 and var slow)
            _metrics.Dropped(slow);
    }

    /// <summary>What there is to say apart from the time, in one piece; empty where there is nothing.</summary>
    ReadOnlyMemory<byte> News()
    {
        if (!_reset && !_keys && _rows.Count == 0)
            return default;
        var news = new ArrayBufferWriter<byte>();
        if (_reset)
            news.Write(FeedText.Reset.Span);
        FeedText.WriteRevoked(news, _rows, _keep);
        if (_keys || _reset)
            news.Write(FeedText.Keys.Span);
        return news.WrittenMemory;
    }
}

/// <summary>How a stream begins.</summary>
/// <param name="Subscriber">The stream.</param>
/// <param name="Anew">Whether its reader has to forget what it knows.</param>
/// <param name="Keys">Whether the published keys may have changed since.</param>
/// <param name="Rows">What its reader lacks.</param>
internal sealed record FeedOpening(FeedSubscriber Subscriber, bool Anew, bool Keys, List<Revoked> Rows);
