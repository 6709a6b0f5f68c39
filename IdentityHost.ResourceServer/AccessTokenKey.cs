using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace IdentityHost.ResourceServer;

/// <summary>
/// One public key with the one algorithm it may be used with (RFC 8725 §3.1). Safe to use from many threads.
/// </summary>
/// <remarks>
/// .NET does not document ECDsa and RSA instances as safe for concurrent use, so no two threads ever hold the same one: each
/// verification takes an instance out of a slot with an atomic exchange and puts it back. If all slots are empty (more verifications
/// at work than ever before, or than slots) that costs one import of the key, never a wait and never a shared instance.
/// </remarks>
public sealed class AccessTokenKey
{
    /// <summary>ECDSA on P-256 with SHA-256 (RFC 7518 §3.4).</summary>
    public const string Es256 = "ES256";

    /// <summary>RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 §3.3).</summary>
    public const string Rs256 = "RS256";

    /// <summary>RSASSA-PSS with SHA-256 (RFC 7518 §3.5).</summary>
    public const string Ps256 = "PS256";

    readonly Func<AsymmetricAlgorithm> _import;
    readonly AsymmetricAlgorithm?[] _slots = new AsymmetricAlgorithm?[Math.Max(4, Environment.ProcessorCount * 2)];

    AccessTokenKey(string keyId, string algorithm, Func<AsymmetricAlgorithm> import)
    {
        ArgumentException.ThrowIfNullOrEmpty(keyId);
        KeyId = keyId;
        Algorithm = algorithm;
        _import = import;
        // A key that does not import is an error of whoever configured it, now, and not of the first request.
        _slots[0] = import();
    }

    /// <summary>The <c>kid</c> that tokens name the key by.</summary>
    public string KeyId { get; }

    /// <summary>The only <c>alg</c> a token signed by this key may have: <see cref="Es256"/>, <see cref="Rs256"/> or <see cref="Ps256"/>.</summary>
    public string Algorithm { get; }

    /// <summary>A P-256 key. A private half is left behind.</summary>
    /// <exception cref="ArgumentException">The curve is not P-256.</exception>
    /// <exception cref="CryptographicException">The point is not on the curve.</exception>
    public static AccessTokenKey FromEc(string keyId, ECParameters key)
    {
        if (!IsP256(key.Curve))
        {
            throw new ArgumentException("ES256 needs a key on the curve P-256.", nameof(key));
        }
        // Copies: the key is imported again later, whatever the caller does with its arrays.
        var publicKey = new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            Q = new ECPoint { X = (byte[]?)key.Q.X?.Clone(), Y = (byte[]?)key.Q.Y?.Clone() },
        };
        return new AccessTokenKey(keyId, Es256, () => ECDsa.Create(publicKey));
    }

    /// <summary>An RSA key of at least 2048 bits (RFC 7518 §3.3). A private half is left behind.</summary>
    /// <param name="keyId">The <c>kid</c>.</param>
    /// <param name="key">Modulus and exponent.</param>
    /// <param name="algorithm"><see cref="Rs256"/> or <see cref="Ps256"/>.</param>
    /// <exception cref="ArgumentException">The modulus is shorter than 2048 bits, or the algorithm is another.</exception>
    public static AccessTokenKey FromRsa(string keyId, RSAParameters key, string algorithm = Rs256)
    {
        if (algorithm is not (Rs256 or Ps256))
        {
            throw new ArgumentException("RSA keys sign by RS256 or PS256.", nameof(algorithm));
        }
        var publicKey = new RSAParameters { Modulus = (byte[]?)key.Modulus?.Clone(), Exponent = (byte[]?)key.Exponent?.Clone() };
        return new AccessTokenKey(keyId, algorithm, () => ImportRsa(publicKey));
    }

    /// <summary>Whether this key signed the data; false, never an exception, for a signature of any other shape.</summary>
    /// <param name="data">The signing input: header and payload segments with the dot between them, as ASCII (RFC 7515 §5.2).</param>
    /// <param name="signature">For ES256, r and s as 64 bytes (IEEE P1363), not DER.</param>
    [SuppressMessage("Reliability", "CA2000", Justification = "Returned to a slot, or disposed if there is none free.")]
    public bool Verify(ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(data, hash);
        var verifier = Take();
        try
        {
            return verifier is ECDsa ec
                ? ec.VerifyHash(hash, signature, DSASignatureFormat.IeeeP1363FixedFieldConcatenation)
                : ((RSA)verifier).VerifyHash(
                    hash, signature, HashAlgorithmName.SHA256, Algorithm == Ps256 ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1);
        }
        catch (CryptographicException)
        {
            // Some platforms report r or s outside the group as an error instead of a mismatch.
            return false;
        }
        finally
        {
            Return(verifier);
        }
    }

    AsymmetricAlgorithm Take()
    {
        for (var i = 0; i < _slots.Length; i++)
        {
            if (Interlocked.Exchange(ref _slots[i], null) is { } verifier)
            {
                return verifier;
            }
        }
        return _import();
    }

    void Return(AsymmetricAlgorithm verifier)
    {
        for (var i = 0; i < _slots.Length; i++)
        {
            if (Interlocked.CompareExchange(ref _slots[i], verifier, null) is null)
            {
                return;
            }
        }
        verifier.Dispose();
    }

    static bool IsP256(ECCurve curve) =>
        curve.IsNamed
        && (curve.Oid.Value == ECCurve.NamedCurves.nistP256.Oid.Value
            || curve.Oid.FriendlyName is "nistP256" or "ECDSA_P256");

    static RSA ImportRsa(RSAParameters key)
    {
        var rsa = RSA.Create(key);
        if (rsa.KeySize < 2048)
        {
            rsa.Dispose();
            throw new ArgumentException("RSA keys need at least 2048 bits.", nameof(key));
        }
        return rsa;
    }
}
