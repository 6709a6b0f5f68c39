using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using IdentityHost.ResourceServer;

namespace IdentityHost.Protocol.Keys;

/// <summary>One signing key (ES256, or RS256 of 2048 bits), ready to use.</summary>
/// <remarks>
/// .NET does not promise that one <see cref="ECDsa"/> or <see cref="RSA"/> may be used by several threads at once, so each signature borrows one
/// from a pool; the pool grows to the number of threads that sign at the same time. A key that is taken away while others sign with it is wiped by
/// the last of them.
/// </remarks>
internal sealed class SigningKeyHandle : IDisposable
{
    /// <summary>Bytes of the longest signature: RS256 with 2048 bits (RFC 7518 §3.3).</summary>
    public const int LongestSignature = RsaBits / 8;

    public const int RsaBits = 2048;

    /// <summary>r and s side by side (RFC 7518 §3.4).</summary>
    const int Es256SignatureLength = 64;

    readonly byte[] _pkcs8;
    readonly byte[] _accessToken;
    readonly byte[] _plain;
    readonly byte[] _logoutToken;
    readonly ConcurrentBag<AsymmetricAlgorithm> _pool = [];

    // The owner is one user, until it disposes the handle; each signature at work is one more.
    int _users = 1;
    int _disposed;

    /// <param name="algorithm">One of <see cref="AlgorithmsInUse.Known"/>.</param>
    /// <param name="pkcs8">The private key; wiped when the handle is disposed.</param>
    /// <exception cref="CryptographicException">It is no key of that algorithm.</exception>
    public SigningKeyHandle(string algorithm, byte[] pkcs8)
    {
        Algorithm = algorithm;
        _pkcs8 = pkcs8;
        var key = Open();
        (PublicMembers, SignatureLength) = key switch
        {
            ECDsa ec => (MembersOf(ec.ExportParameters(includePrivateParameters: false)), Es256SignatureLength),
            _ => (MembersOf(((RSA)key).ExportParameters(includePrivateParameters: false)), key.KeySize / 8),
        };
        Kid = Thumbprint(PublicMembers);
        Verification = key is ECDsa curve
            ? AccessTokenKey.FromEc(Kid, curve.ExportParameters(includePrivateParameters: false))
            : AccessTokenKey.FromRsa(Kid, ((RSA)key).ExportParameters(includePrivateParameters: false));
        (_accessToken, _plain, _logoutToken) = (EncodeHeader("at+jwt"), EncodeHeader("JWT"), EncodeHeader("logout+jwt"));
        _pool.Add(key);
    }

    public string Kid { get; }

    public string Algorithm { get; }

    /// <summary>The members of the public key as a JWK that its thumbprint covers, in the order of RFC 7638 §3.</summary>
    public ImmutableArray<(string Name, string Value)> PublicMembers { get; }

    public AccessTokenKey Verification { get; }

    /// <summary>Bytes of a signature.</summary>
    public int SignatureLength { get; }

    /// <summary>The encoded JOSE header of a token: the same for all of its type.</summary>
    public ReadOnlySpan<byte> HeaderOf(JwtType type) => type switch
    {
        JwtType.AccessToken => _accessToken,
        JwtType.LogoutToken => _logoutToken,
        _ => _plain,
    };

    /// <summary>Signs into <paramref name="signature"/>, which holds <see cref="SignatureLength"/> bytes.</summary>
    /// <returns>False if the key was taken away in the meantime: then its successor is to be asked.</returns>
    public bool TrySign(ReadOnlySpan<byte> data, Span<byte> signature)
    {
        if (!Enter())
            return false;
        try
        {
            if (!_pool.TryTake(out var key))
                key = Open();
            try
            {
                if (key is ECDsa ec)
                    ec.SignData(data, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
                else
                    ((RSA)key).SignData(data, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
            }
            finally
            {
                _pool.Add(key);
            }
        }
        finally
        {
            Leave();
        }
        return true;
    }

    /// <summary>No signature begins after this.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
            Leave();
    }

    bool Enter()
    {
        var users = Volatile.Read(ref _users);
        while (users > 0 && Volatile.Read(ref _disposed) == 0)
        {
            var seen = Interlocked.CompareExchange(ref _users, users + 1, users);
            if (seen == users)
                return true;
            users = seen;
        }
        return false;
    }

    void Leave()
    {
        if (Interlocked.Decrement(ref _users) > 0)
            return;
        while (_pool.TryTake(out var key))
            key.Dispose();
        CryptographicOperations.ZeroMemory(_pkcs8);
    }

    byte[] EncodeHeader(string type) =>
        Base64Url.EncodeToUtf8(Encoding.ASCII.GetBytes($$"""{"typ":"{{type}}","alg":"{{Algorithm}}","kid":"{{Kid}}"}"""));

    AsymmetricAlgorithm Open()
    {
        AsymmetricAlgorithm key = Algorithm == AccessTokenKey.Rs256 ? RSA.Create() : ECDsa.Create();
        try
        {
            key.ImportPkcs8PrivateKey(_pkcs8, out _);
            return key;
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    /// <summary>RFC 7518 §6.2.1.</summary>
    static ImmutableArray<(string, string)> MembersOf(ECParameters key) =>
        [("crv", "P-256"), ("kty", "EC"), ("x", Base64Url.EncodeToString(key.Q.X)), ("y", Base64Url.EncodeToString(key.Q.Y))];

    /// <summary>RFC 7518 §6.3.1.</summary>
    static ImmutableArray<(string, string)> MembersOf(RSAParameters key) =>
        [("e", Base64Url.EncodeToString(key.Exponent)), ("kty", "RSA"), ("n", Base64Url.EncodeToString(key.Modulus))];

    /// <summary>RFC 7638 §3: the SHA-256 of the required members in alphabetical order, without spaces. No value needs an escape.</summary>
    static string Thumbprint(ImmutableArray<(string Name, string Value)> members) => Base64Url.EncodeToString(
        SHA256.HashData(Encoding.ASCII.GetBytes("{" + string.Join(',', members.Select(m => $"\"{m.Name}\":\"{m.Value}\"")) + "}")));
}
