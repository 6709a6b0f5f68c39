using Npgsql;

namespace IdentityHost.Data;

/// <summary>
/// The node's <see cref="TimeProvider"/>: the database's clock (<c>identity_now()</c>), so that nodes whose clocks differ agree on
/// when something expires. The offset to the local clock is measured at start and with every read of the revocation feed; a node's clock
/// that jumps is followed at the next one.
/// </summary>
internal sealed class DatabaseClock(NpgsqlDataSource database) : TimeProvider
{
    static readonly TimeSpan LongestTrip = TimeSpan.FromMilliseconds(250);

    long _offsetTicks;

    /// <summary>Database time minus local time, as last measured.</summary>
    public TimeSpan Offset => new(Volatile.Read(ref _offsetTicks));

    /// <summary>This machine's own clock, which may be wrong.</summary>
    public DateTimeOffset LocalUtcNow => base.GetUtcNow();

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Offset;

    /// <summary>Measures the offset now, however long the answer takes.</summary>
    public async Task SynchronizeAsync(CancellationToken cancellationToken = default)
    {
        // Opened first: waiting for a free connection is no part of the way there.
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var command = new NpgsqlCommand("SELECT identity_now()", connection);
        var (sent, started) = (LocalUtcNow, GetTimestamp());
        var answer = (DateTime)(await command.ExecuteScalarAsync(cancellationToken))!;
        Set(answer, sent, GetElapsedTime(started));
    }

    /// <summary>Takes a reading of <c>identity_now()</c> that came along with another answer; one that was long on its way is dropped.</summary>
    /// <param name="databaseNow">What the database said.</param>
    /// <param name="sent">When it was asked, by <see cref="LocalUtcNow"/>.</param>
    /// <param name="trip">How long the answer took.</param>
    public void Observe(DateTime databaseNow, DateTimeOffset sent, TimeSpan trip)
    {
        // It could be wrong by half of the trip.
        if (trip <= LongestTrip)
            Set(databaseNow, sent, trip);
    }

    /// <summary>Half of the round trip is taken for the way there.</summary>
    void Set(DateTime databaseNow, DateTimeOffset sent, TimeSpan trip) =>
        Volatile.Write(ref _offsetTicks, (databaseNow - (sent + trip / 2).UtcDateTime).Ticks);
}
