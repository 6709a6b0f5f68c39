using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using IdentityHost.ResourceServer;

namespace IdentityHost.Protocol.Keys;

/// <summary>One signing key (ES256), ready to use.</summary>
/// <remarks>
/// .NET does not promise that one <see cref="ECDsa"/> may be used by several threads at once, so each signature borrows one from a pool; the
/// pool grows to the number of threads that sign at the same time.
/// </remarks>
internal sealed class SigningKeyHandle : IDisposable
{
    public const string Es256 = "ES256";

    /// <summary>Bytes of an ES256 signature: r and s side by side (RFC 7518 §3.4).</summary>
    public const int SignatureLength = 64;

    readonly byte[] _pkcs8;
    readonly ConcurrentBag<ECDsa> _pool = [];
    volatile bool _disposed;

    public SigningKeyHandle(byte[] pkcs8)
    {
        _pkcs8 = pkcs8;
        using var key = Open();
        var parameters = key.ExportParameters(includePrivateParameters: false);
        PublicPoint = (parameters.Q.X!, parameters.Q.Y!);
        Kid = Thumbprint(parameters);
        Verification = AccessTokenKey.FromEc(Kid, parameters);
        Header = Base64Url.EncodeToUtf8(Encoding.ASCII.GetBytes($$"""{"typ":"at+jwt","alg":"{{Algorithm}}","kid":"{{Kid}}"}"""));
    }

    public string Kid { get; }

    public string Algorithm { get; } = Es256;

    public (byte[] X, byte[] Y) PublicPoint { get; }

    public AccessTokenKey Verification { get; }

    /// <summary>The encoded JOSE header of an access token (RFC 9068 §2.1): the same for every token of this key.</summary>
    public ReadOnlyMemory<byte> Header { get; }

    /// <summary>Signs into <paramref name="signature"/>, which holds <see cref="SignatureLength"/> bytes.</summary>
    public void Sign(ReadOnlySpan<byte> data, Span<byte> signature)
    {
        if (!_pool.TryTake(out var key))
            key = Open();
        try
        {
            key.SignData(data, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        }
        finally
        {
            if (_disposed)
                key.Dispose();
            else
                _pool.Add(key);
        }
    }

    public void Dispose()
    {
        _disposed = true;
        while (_pool.TryTake(out var key))
            key.Dispose();
        CryptographicOperations.ZeroMemory(_pkcs8);
    }

    ECDsa Open()
    {
        var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(_pkcs8, out _);
        return key;
    }

    /// <summary>RFC 7638 §3: the SHA-256 of the required members in alphabetical order.</summary>
    static string Thumbprint(ECParameters key) => Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(
        $$"""{"crv":"P-256","kty":"EC","x":"{{Base64Url.EncodeToString(key.Q.X)}}","y":"{{Base64Url.EncodeToString(key.Q.Y)}}"}""")));
}
