using System.Diagnostics;
using Npgsql;

namespace IdentityHost.Data;

/// <summary>
/// The node's <see cref="TimeProvider"/>: the database's clock (<c>identity_now()</c>), so that nodes whose clocks differ agree on
/// when something expires. It is measured at start and with every read of the revocation feed, and carried on by the monotonic clock in
/// between: a time of day that is wrong, or jumps, is never looked at.
/// </summary>
internal sealed class DatabaseClock(NpgsqlDataSource database) : TimeProvider
{
    static readonly TimeSpan LongestTrip = TimeSpan.FromMilliseconds(250);

    // Database time minus the monotonic clock. Before the first answer this machine's time must do.
    long _offsetTicks = System.GetUtcNow().Ticks - MonotonicTicks(Stopwatch.GetTimestamp());

    /// <summary>Database time minus this machine's own, which may be wrong.</summary>
    public TimeSpan Offset => GetUtcNow() - base.GetUtcNow();

    public override DateTimeOffset GetUtcNow() => new(MonotonicTicks(Stopwatch.GetTimestamp()) + Volatile.Read(ref _offsetTicks), TimeSpan.Zero);

    /// <summary>Measures now, however long the answer takes.</summary>
    public async Task SynchronizeAsync(CancellationToken cancellationToken = default)
    {
        // Opened first: waiting for a free connection is no part of the way there.
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var command = new NpgsqlCommand("SELECT identity_now()", connection);
        var sent = Stopwatch.GetTimestamp();
        var answer = (DateTime)(await command.ExecuteScalarAsync(cancellationToken))!;
        Set(answer, sent, Stopwatch.GetElapsedTime(sent));
    }

    /// <summary>Takes a reading of <c>identity_now()</c> that came along with another answer; one that was long on its way is dropped.</summary>
    /// <param name="databaseNow">What the database said.</param>
    /// <param name="sent">When it was asked, as a <see cref="Stopwatch"/> timestamp.</param>
    /// <param name="trip">How long the answer took.</param>
    public void Observe(DateTime databaseNow, long sent, TimeSpan trip)
    {
        // It could be wrong by half of the trip.
        if (trip <= LongestTrip)
            Set(databaseNow, sent, trip);
    }

    /// <summary>Half of the round trip is taken for the way there.</summary>
    void Set(DateTime databaseNow, long sent, TimeSpan trip) =>
        Volatile.Write(ref _offsetTicks, databaseNow.Ticks - MonotonicTicks(sent) - trip.Ticks / 2);

    static long MonotonicTicks(long timestamp) => Stopwatch.GetElapsedTime(0, timestamp).Ticks;
}
