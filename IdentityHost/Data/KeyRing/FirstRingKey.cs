using System.Security.Cryptography;
using System.Xml;
using Microsoft.AspNetCore.DataProtection.KeyManagement;

namespace IdentityHost.Data.KeyRing;

/// <summary>
/// Makes the ring's first key under the start-up lock. Left to the framework, nodes that start together would each find no key and each make
/// one, and until the next refresh of its cache a node could not read what another protected.
/// </summary>
internal sealed class FirstRingKey(IKeyManager keys, TimeProvider clock) : IStartupStep
{
    static readonly TimeSpan Lifetime = TimeSpan.FromDays(90);

    /// <summary>The framework goes by this machine's clock: a node whose clock is late must find the key in force too, or it makes one of its own.</summary>
    static readonly TimeSpan InForceSince = TimeSpan.FromDays(1);

    /// <exception cref="InvalidOperationException">The database holds a ring that this node's key does not open.</exception>
    public Task RunAsync(CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var live = keys.GetAllKeys().Where(key => !key.IsRevoked && key.ExpirationDate > now).ToList();
        if (live.Count == 0)
            keys.CreateNewKey(now - InForceSince, now + Lifetime);
        else if (!live.Exists(Opens))
            // Left to the framework, a node with the wrong key would add a key of its own to everybody's ring before anything fails.
            throw new InvalidOperationException(
                "DataProtection: the key ring in this database was wrapped with another key. "
                + "Set DataProtection:KeyFile (or DataProtection:Certificate) to the one that it was made with.");
        return Task.CompletedTask;
    }

    static bool Opens(IKey key)
    {
        try
        {
            return key.CreateEncryptor() is not null;
        }
        catch (Exception e) when (e is CryptographicException or XmlException or FormatException or InvalidOperationException)
        {
            return false;
        }
    }
}
