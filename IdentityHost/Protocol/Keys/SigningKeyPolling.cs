namespace IdentityHost.Protocol.Keys;

/// <summary>Reads the keys every second, so that the copy is never older than it may be and a revoked key is refused within two seconds.</summary>
internal sealed class SigningKeyPolling(SigningKeyStore store, ILogger<SigningKeyPolling> logger) : BackgroundService
{
    static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval);
        var failing = false;
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    await store.ReadAsync(stoppingToken);
                    failing = false;
                }
                catch (Exception e) when (!stoppingToken.IsCancellationRequested)
                {
                    if (!failing)
                        logger.LogWarning("The signing keys cannot be read; nothing is signed until they are. {Reason}", e.Message);
                    failing = true;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }
}
