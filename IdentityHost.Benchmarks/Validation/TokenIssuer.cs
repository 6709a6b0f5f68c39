using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using IdentityHost.ResourceServer;

namespace IdentityHost.Benchmarks.Validation;

/// <summary>Two keys, and tokens like the host's: of a person with a session, for one API.</summary>
sealed class TokenIssuer : IDisposable
{
    const string Issuer = "https://id.example.com";
    const string Audience = "https://orders.example.com";

    readonly ECDsa _ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    readonly RSA _rsa = RSA.Create(2048);

    public TokenIssuer() => Keys = new AccessTokenKeySet(
    [
        AccessTokenKey.FromEc("ci7eqvc2bHn0SxM4vRw1pQ", _ec.ExportParameters(includePrivateParameters: false)),
        AccessTokenKey.FromRsa("Zk3wq9yTfA8mJxC5uLhE2g", _rsa.ExportParameters(includePrivateParameters: false)),
    ]);

    public static AccessTokenRules Rules => new() { Issuer = Issuer, Audience = Audience };

    public IAccessTokenKeys Keys { get; }

    public string Es256() => Sign("ES256", "ci7eqvc2bHn0SxM4vRw1pQ", data => _ec.SignData(data, HashAlgorithmName.SHA256));

    public string Rs256() => Sign("RS256", "Zk3wq9yTfA8mJxC5uLhE2g", data => _rsa.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));

    public bool VerifyEs256(byte[] signed, byte[] signature) => _ec.VerifyData(signed, signature, HashAlgorithmName.SHA256);

    public bool VerifyRs256(byte[] signed, byte[] signature) => _rsa.VerifyData(signed, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);

    public void Dispose()
    {
        _ec.Dispose();
        _rsa.Dispose();
    }

    static string Sign(string algorithm, string keyId, Func<byte[], byte[]> sign)
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var header = $$"""{"typ":"at+jwt","alg":"{{algorithm}}","kid":"{{keyId}}"}""";
        var payload =
            $$"""
            {"iss":"{{Issuer}}","aud":"{{Audience}}","sub":"4711","sid":"01a1fec8a0257a19b2bfce52d755a15f","uep":0,"gid":"01a1fec8a02878b1835df21b0f533185","client_id":"shop","aep":0,"gep":0,"scope":"users:self orders:read","iat":{{now}},"exp":{{now + 3600}},"jti":"JjvNVf6SZhGZKNcpadBhF4iNiHQ"}
            """;
        var signed = $"{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(header))}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(payload))}";
        return $"{signed}.{Base64Url.EncodeToString(sign(Encoding.ASCII.GetBytes(signed)))}";
    }
}
