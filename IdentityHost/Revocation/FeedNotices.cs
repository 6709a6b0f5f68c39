using Npgsql;

namespace IdentityHost.Revocation;

/// <summary>The connection on which a node hears that another one has written. Notices only shorten the wait; the reads do not depend on them.</summary>
internal sealed class FeedNotices(FeedDatabase database)
{
    static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(250);

    /// <summary>Listens until it is stopped, and connects again whenever it must.</summary>
    /// <param name="own">The server process of the node's own notices, which it need not hear.</param>
    /// <param name="wake">Called for each of the others'.</param>
    /// <param name="stopping">Stops it.</param>
    public async Task ListenAsync(Func<int?> own, Action wake, CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await using var connection = await database.OpenAsync(stopping);
                connection.Notification += (_, notice) =>
                {
                    if (notice.PID != own())
                        wake();
                };
                await using (var listen = new NpgsqlCommand("LISTEN " + FeedConnection.Channel, connection))
                    await listen.ExecuteNonQueryAsync(stopping);
                while (true)
                    await connection.WaitAsync(stopping);
            }
            catch (Exception) when (!stopping.IsCancellationRequested)
            {
                // The reads tell that the database is away.
                await Task.Delay(Retry, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException)
            {
                // Stopping.
            }
        }
    }
}
