using Microsoft.Extensions.Hosting;

namespace IdentityHost.ResourceServer.Remote;

/// <summary>Keeps keys and revocations of the issuer in memory for as long as the API runs.</summary>
sealed class RemoteIssuer(RemoteKeys keys, FeedFollower feed, IAccessTokenKeys keysInUse, IAccessTokenRevocations revocationsInUse) : BackgroundService
{
    /// <summary>An API that starts before its issuer starts all the same, and refuses until it knows.</summary>
    static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(5);

    /// <summary>Waits a moment for keys and revocations, so that the first requests find them.</summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await base.StartAsync(cancellationToken);
        if (revocationsInUse is RemoteRevocations)
        {
            await Task.WhenAny(feed.Synchronized, Task.Delay(StartPatience, cancellationToken));
        }
    }

    /// <summary>Not where the API has brought its own.</summary>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        keysInUse is RemoteKeys ? keys.RunAsync(stoppingToken) : Task.CompletedTask,
        revocationsInUse is RemoteRevocations ? feed.RunAsync(stoppingToken) : Task.CompletedTask);
}
