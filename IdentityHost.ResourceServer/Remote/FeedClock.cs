using IdentityHost.ResourceServer.Revocations;

namespace IdentityHost.ResourceServer.Remote;

/// <summary>
/// Turns the times that a stream tells (the database's) into moments of this machine, so that a copy never passes for younger than it is: neither
/// when the two clocks differ, nor when events wait in a buffer on the way.
/// </summary>
/// <remarks>
/// The first time is that of a read which began after the stream was asked for. So when it was asked for, the database's clock showed at most that;
/// and a later time lies at least as much later as the two differ. For one stream, which lasts minutes: clocks drift.
/// </remarks>
/// <param name="asked">Before the stream was asked for.</param>
sealed class FeedClock(Instant asked)
{
    /// <summary>Times are cut to milliseconds.</summary>
    static readonly TimeSpan Grain = TimeSpan.FromMilliseconds(1);

    /// <summary>By how much the database's clock may run ahead of ours during a stream.</summary>
    static readonly TimeSpan LargestDrift = TimeSpan.FromMilliseconds(500);

    DateTimeOffset? _first;
    TimeSpan? _quickest;

    /// <summary>When this machine's clocks showed no more than what the database's showed at <paramref name="time"/>; null where its clock has jumped.</summary>
    public Instant? MomentOf(DateTimeOffset time)
    {
        _first ??= time + Grain;
        var moment = asked.Plus(time - _first.Value);
        var now = Instant.Now;
        var ahead = moment.TimeOfDay - now.TimeOfDay;
        var late = now.Since(asked) - (time - _first.Value);
        _quickest = _quickest is { } quickest && quickest < late ? quickest : late;
        return late >= TimeSpan.Zero ? moment : ahead <= LargestDrift && -late <= LargestDrift ? now : null;
    }

    /// <summary>How long ago the database's clock showed this, going by the event that was quickest on its way; null before the first.</summary>
    public TimeSpan? Since(DateTimeOffset time) =>
        _first is { } first && _quickest is { } quickest ? Instant.Now.Since(asked) - (time - first) - quickest : null;
}
