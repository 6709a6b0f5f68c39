using Microsoft.Extensions.Options;

namespace IdentityHost.Limits;

/// <summary>
/// Who has failed too often may not try for a while: wrong client secrets by client and address, wrong client secrets and wrong passwords by address.
/// Only failures write; a block is told to every node by the revocation feed. Knows Data, Audit and the feed; no client, person or request.
/// </summary>
internal static class LimitsSetup
{
    public static WebApplicationBuilder AddLimits(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddOptions<RateLimits>().BindConfiguration(RateLimits.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<RateLimits>, RateLimitsCheck>();
        services.AddSingleton<Blocks>();
        services.AddSingleton<FailureCounters>();
        return builder;
    }
}
