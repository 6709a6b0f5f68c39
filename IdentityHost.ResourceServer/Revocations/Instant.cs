using System.Diagnostics;
using System.Runtime.InteropServices;

namespace IdentityHost.ResourceServer.Revocations;

/// <summary>
/// A moment by both clocks of the machine, to tell how long ago it was. The monotonic one is not fooled by a time of day that jumps, nor by a
/// stopped process; but it stands still while the machine sleeps or a virtual one is paused, and then the time of day has gone on.
/// </summary>
[StructLayout(LayoutKind.Auto)]
readonly record struct Instant(long Timestamp, DateTimeOffset TimeOfDay)
{
    public static Instant Now => new(Stopwatch.GetTimestamp(), TimeProvider.System.GetUtcNow());

    /// <summary>By the monotonic clock.</summary>
    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(Timestamp);

    /// <summary>How long it is after another, by the clock that says more. One that jumps makes it long, which is the safe mistake.</summary>
    public TimeSpan Since(Instant earlier)
    {
        var monotonic = Stopwatch.GetElapsedTime(earlier.Timestamp, Timestamp);
        var timeOfDay = (TimeOfDay - earlier.TimeOfDay).Duration();
        return monotonic > timeOfDay ? monotonic : timeOfDay;
    }

    /// <summary>Whether it is less than <paramref name="span"/> ago by both clocks.</summary>
    public bool IsWithin(TimeSpan span) => Now.Since(this) < span;

    /// <summary>The moment so much later, by both clocks.</summary>
    public Instant Plus(TimeSpan span) => new(Timestamp + (long)(span.TotalSeconds * Stopwatch.Frequency), TimeOfDay + span);
}
