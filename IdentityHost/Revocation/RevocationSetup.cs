using IdentityHost.Data;
using IdentityHost.ResourceServer;
using IdentityHost.Revocation.Subscribers;

namespace IdentityHost.Revocation;

/// <summary>
/// What makes logout immediate: the table <c>revocations</c>, its one writer, the feed that brings its rows into the memory of every node,
/// the check that every bearer request passes, and the guard against databases that went back in time.
/// Knows tokens as the resource-server library reads them; no user, client or page.
/// </summary>
internal static class RevocationSetup
{
    public static WebApplicationBuilder AddRevocation(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        var connectionString = builder.Configuration.GetConnectionString("Postgres") ?? "";
        services.AddSingleton(provider => new FeedDatabase(connectionString, provider.GetRequiredService<ILoggerFactory>()));
        services.AddSingleton<RevocationCopy>();
        services.AddSingleton<FeedMetrics>();
        services.AddSingleton<FeedSubscribers>();
        services.AddSingleton<RestoreGuard>();
        services.AddSingleton<RevocationFeed>();
        services.AddSingleton<IStartupStep>(provider => provider.GetRequiredService<RevocationFeed>());
        services.AddHostedService(provider => provider.GetRequiredService<RevocationFeed>());
        services.AddSingleton<Revocations>();
        services.AddSingleton<DatabaseRevocations>();
        services.AddSingleton<IAccessTokenRevocations, FeedRevocations>();
        return builder;
    }
}
