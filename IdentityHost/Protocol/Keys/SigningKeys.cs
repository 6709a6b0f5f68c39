using System.Diagnostics.CodeAnalysis;
using IdentityHost.ResourceServer;

namespace IdentityHost.Protocol.Keys;

/// <summary>
/// The signing keys in memory: who signs now, who verifies, and what the JWKS says. Read from the database at start
/// (<see cref="SigningKeyStore"/>); replaced as a whole, so a request sees one set.
/// </summary>
internal sealed class SigningKeys : IAccessTokenKeys, IDisposable
{
    volatile KeySet _current = KeySet.Empty;

    /// <summary>The key that signs now.</summary>
    /// <exception cref="InvalidOperationException">No key was loaded: the host has not started.</exception>
    public SigningKeyHandle Current => _current.Signing ?? throw new InvalidOperationException("There is no signing key yet.");

    /// <summary>The JWKS (RFC 7517 §5) as it is sent: public keys only.</summary>
    public ReadOnlyMemory<byte> Jwks => _current.Jwks;

    public bool TryGet(ReadOnlySpan<char> kid, [NotNullWhen(true)] out AccessTokenKey? key) => _current.Verifying.TryGet(kid, out key);

    public void Replace(IReadOnlyList<SigningKeyHandle> keys)
    {
        var previous = _current;
        _current = new KeySet(
            keys.Count == 0 ? null : keys[0],
            new AccessTokenKeySet(keys.Select(k => k.Verification)),
            JwksDocument.Write(keys),
            keys);
        foreach (var key in previous.All)
            key.Dispose();
    }

    public void Dispose() => Replace([]);

    sealed record KeySet(
        SigningKeyHandle? Signing,
        AccessTokenKeySet Verifying,
        ReadOnlyMemory<byte> Jwks,
        IReadOnlyList<SigningKeyHandle> All)
    {
        public static readonly KeySet Empty = new(null, new AccessTokenKeySet([]), ReadOnlyMemory<byte>.Empty, []);
    }
}
