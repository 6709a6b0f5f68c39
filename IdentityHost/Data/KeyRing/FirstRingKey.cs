using Microsoft.AspNetCore.DataProtection.KeyManagement;

namespace IdentityHost.Data.KeyRing;

/// <summary>
/// Makes the ring's first key under the start-up lock. Left to the framework, nodes that start together would each find no key and each make
/// one, and until the next refresh of its cache a node could not read what another protected.
/// </summary>
internal sealed class FirstRingKey(IKeyManager keys, TimeProvider clock) : IStartupStep
{
    static readonly TimeSpan Lifetime = TimeSpan.FromDays(90);

    public Task RunAsync(CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        if (!keys.GetAllKeys().Any(key => !key.IsRevoked && key.ExpirationDate > now))
            keys.CreateNewKey(now, now + Lifetime);
        return Task.CompletedTask;
    }
}
