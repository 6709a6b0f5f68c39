using IdentityHost.Data;
using Microsoft.Extensions.Options;

namespace IdentityHost.Limits;

/// <summary>
/// Who has failed too often may not try for a while: wrong client secrets by client and address, wrong client secrets and wrong passwords by address.
/// What needs no proof, registering (people and applications) and asking for mail, is counted by address whatever comes of it.
/// Only failures write; a block is told to every node by the revocation feed. Knows Data, Audit and the feed; no client, person or request.
/// </summary>
internal static class LimitsSetup
{
    public static WebApplicationBuilder AddLimits(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddOptions<RateLimits>().BindConfiguration(RateLimits.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<RateLimits>, RateLimitsCheck>();
        services.AddSingleton<IStartupStep, LimitsOffWarning>();
        services.AddSingleton<Blocks>();
        services.AddSingleton<FailureCounters>();
        services.AddSingleton<AnonymousLimits>();
        return builder;
    }
}

/// <summary>Said at every start, so that nobody forgets the setting of a load test.</summary>
internal sealed class LimitsOffWarning(IOptions<RateLimits> limits, ILogger<LimitsOffWarning> logger) : IStartupStep
{
    public Task RunAsync(CancellationToken cancellationToken)
    {
        if (!limits.Value.Enabled)
            logger.LogWarning("RateLimits:Enabled is false: passwords and client secrets can be guessed without limit. This is for load tests only");
        return Task.CompletedTask;
    }
}
