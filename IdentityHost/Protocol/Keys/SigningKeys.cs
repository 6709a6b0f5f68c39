using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using IdentityHost.Protocol.Endpoints;
using IdentityHost.ResourceServer;

namespace IdentityHost.Protocol.Keys;

/// <summary>A key in memory and its times.</summary>
/// <param name="Handle">The key.</param>
/// <param name="ActivatesAt">It signs from then on.</param>
/// <param name="RetiresAt">Its successor signs from then on; null while there is none.</param>
/// <param name="ExpiresAt">It is gone from then on; null while it has no successor.</param>
internal sealed record TimedKey(SigningKeyHandle Handle, DateTimeOffset ActivatesAt, DateTimeOffset? RetiresAt, DateTimeOffset? ExpiresAt);

/// <summary>
/// The signing keys in memory: who signs now, who verifies, and what the JWKS says. Each is decided at the moment it is asked, by the clock that
/// all nodes share, so that all of them switch from a key to its successor at one instant and without a message. No I/O, no lock. Read from the
/// database by <see cref="SigningKeyStore"/> and replaced as a whole, so a request sees one set.
/// </summary>
internal sealed class SigningKeys(TimeProvider clock) : IAccessTokenKeys, IDisposable
{
    volatile KeySet _current = new([]);

    /// <summary>The JWKS (RFC 7517 §5) as it is sent: public keys only.</summary>
    public CachedDocument Jwks => _current.At(clock.GetUtcNow()).Jwks;

    public bool TryGet(ReadOnlySpan<char> kid, [NotNullWhen(true)] out AccessTokenKey? key) =>
        _current.At(clock.GetUtcNow()).Verifying.TryGet(kid, out key);

    /// <summary>The key that signs now, of the first of these algorithms that has one; null if no key was ever loaded.</summary>
    public SigningKeyHandle? Signing(ImmutableArray<string> algorithms)
    {
        var (keys, now) = (_current.All, clock.GetUtcNow());
        foreach (var algorithm in algorithms)
        {
            // The last that is active: the set is in the order of activation.
            for (var i = keys.Length - 1; i >= 0; i--)
            {
                var key = keys[i];
                if (key.Handle.Algorithm == algorithm && key.ActivatesAt <= now && !(key.RetiresAt <= now))
                    return key.Handle;
            }
        }
        // Only if the clock went back, as with a restored database: a key that is published serves better than none.
        foreach (var key in keys)
        {
            if (algorithms.Contains(key.Handle.Algorithm) && key.ActivatesAt > now)
                return key.Handle;
        }
        return null;
    }

    /// <summary>A key that is in memory already, by its <c>kid</c>.</summary>
    public SigningKeyHandle? Find(string kid)
    {
        foreach (var key in _current.All)
        {
            if (key.Handle.Kid == kid)
                return key.Handle;
        }
        return null;
    }

    /// <summary>From now on these, by one caller at a time. What is no longer among them is disposed.</summary>
    public void Replace(IReadOnlyList<TimedKey> keys)
    {
        var previous = _current;
        // The same bytes keep their place: nothing is built anew every time that nothing has changed.
        if (previous.All.AsSpan().SequenceEqual([.. keys]))
            return;
        _current = new KeySet([.. keys]);
        foreach (var gone in previous.All.Select(k => k.Handle).Except(keys.Select(k => k.Handle)))
            gone.Dispose();
    }

    public void Dispose() => Replace([]);

    sealed class KeySet(ImmutableArray<TimedKey> all)
    {
        volatile View? _view;

        /// <summary>In the order of activation.</summary>
        public ImmutableArray<TimedKey> All => all;

        /// <summary>What is published at this instant. It changes only when a key expires; two threads that find it so may build it twice.</summary>
        public View At(DateTimeOffset now)
        {
            var view = _view;
            if (view is null || now < view.From || now >= view.Until)
                _view = view = new View(all, now);
            return view;
        }
    }

    /// <summary>The keys that have not expired, between two expiries.</summary>
    sealed class View
    {
        public View(ImmutableArray<TimedKey> all, DateTimeOffset now)
        {
            From = all.Where(k => k.ExpiresAt <= now).Select(k => k.ExpiresAt!.Value).Append(DateTimeOffset.MinValue).Max();
            Until = all.Where(k => k.ExpiresAt > now).Select(k => k.ExpiresAt!.Value).Append(DateTimeOffset.MaxValue).Min();
            var published = all.Where(k => !(k.ExpiresAt <= now)).Select(k => k.Handle).ToList();
            Verifying = new AccessTokenKeySet(published.Select(k => k.Verification));
            Jwks = JwksDocument.Write(published);
        }

        public DateTimeOffset From { get; }

        public DateTimeOffset Until { get; }

        public AccessTokenKeySet Verifying { get; }

        public CachedDocument Jwks { get; }
    }
}
