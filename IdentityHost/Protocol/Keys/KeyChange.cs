using IdentityHost.Audit;
using IdentityHost.Data;
using IdentityHost.Data.Entities;
using IdentityHost.Revocation;

namespace IdentityHost.Protocol.Keys;

/// <summary>One change of the signing keys, while the lock is held: the rows as they are, the instant, and what is told about it.</summary>
internal sealed class KeyChange(HostDbContext context, Revocations revocations, List<SigningKey> keys, DateTimeOffset now, TimeSpan keep)
{
    readonly HashSet<(RevocationKind, string)> _told = [];

    public DateTimeOffset Now => now;

    public IReadOnlyList<SigningKey> Keys => keys;

    /// <summary>Those that have keys.</summary>
    public IReadOnlyList<string> Algorithms => [.. keys.Select(k => k.Algorithm).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    public KeyChain Chain(string algorithm) => new(keys.Where(k => k.Algorithm == algorithm), now, keep);

    public KeyFacts FactsOf(SigningKey key) => new(key.Kid, key.Algorithm, KeyChain.StageOf(key, now), key.ActivatesAt, key.RetiresAt, key.ExpiresAt);

    public void Add(SigningKey key)
    {
        keys.Add(key);
        context.Add(key);
    }

    public void Delete(SigningKey key)
    {
        keys.Remove(key);
        context.Remove(key);
    }

    /// <summary>Tells the nodes, once for each word.</summary>
    public void Tell(RevocationKind kind, string key)
    {
        if (_told.Add((kind, key)))
            revocations.Add(context, kind, key);
    }

    public void Audit(string kind, string detail) => context.AddAudit(new AuditEvent { Kind = kind, Detail = detail });
}
