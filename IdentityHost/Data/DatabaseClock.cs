using Npgsql;

namespace IdentityHost.Data;

/// <summary>
/// The node's <see cref="TimeProvider"/>: the database's clock (<c>identity_now()</c>), so that nodes whose clocks differ agree on
/// when something expires. The offset to the local clock is measured at start and every <see cref="Interval"/>; a node's clock that jumps
/// is followed at the next measurement.
/// </summary>
internal sealed class DatabaseClock(NpgsqlDataSource database, ILogger<DatabaseClock> logger) : TimeProvider, IHostedLifecycleService, IDisposable
{
    static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    static readonly TimeSpan LongestTrip = TimeSpan.FromMilliseconds(250);

    readonly CancellationTokenSource _stopping = new();
    Task _following = Task.CompletedTask;
    long _offsetTicks;

    /// <summary>Database time minus local time, as last measured.</summary>
    public TimeSpan Offset => new(Volatile.Read(ref _offsetTicks));

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Offset;

    /// <summary>Measures the offset now, however long the answer takes. Half of the round trip is taken for the way back.</summary>
    public Task SynchronizeAsync(CancellationToken cancellationToken = default) => MeasureAsync(TimeSpan.MaxValue, cancellationToken);

    /// <summary>A measurement whose answer took longer than <paramref name="limit"/> could be wrong by half of that, and is dropped.</summary>
    async Task MeasureAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        // Opened first: waiting for a free connection is no part of the way there.
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var command = new NpgsqlCommand("SELECT identity_now()", connection);
        var (sent, started) = (base.GetUtcNow(), base.GetTimestamp());
        var answer = (DateTime)(await command.ExecuteScalarAsync(cancellationToken))!;
        var trip = base.GetElapsedTime(started);
        if (trip <= limit)
            Volatile.Write(ref _offsetTicks, (answer - (sent + trip / 2).UtcDateTime).Ticks);
    }

    /// <summary>Nothing is left to do: <see cref="DatabaseSetup"/>, in the phase before, measures as soon as the schema is there.</summary>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        _following = FollowAsync(_stopping.Token);
        return Task.CompletedTask;
    }

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _following;
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _stopping.Dispose();

    async Task FollowAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(Interval);
        try
        {
            while (await timer.WaitForNextTickAsync(stopping))
            {
                try
                {
                    await MeasureAsync(LongestTrip, stopping);
                }
                catch (Exception e) when (!stopping.IsCancellationRequested)
                {
                    logger.LogWarning("The database's clock could not be read; the last offset ({Offset}) stays in use. {Reason}", Offset, e.Message);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }
}
