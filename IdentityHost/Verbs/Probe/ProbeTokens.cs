using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using IdentityHost.Protocol.Keys;
using IdentityHost.Protocol.Tokens;
using IdentityHost.ResourceServer;

namespace IdentityHost.Verbs.Probe;

/// <summary>
/// Writes tokens that an honest issuer never writes. The person in them does not exist, nor does the application; what is right in them is what this
/// host puts into its own.
/// </summary>
internal sealed class ProbeTokens(string issuer, string audience, string scope, int globalEpoch, SigningKeyHandle key, TimeProvider clock)
{
    public const string ClientId = "identityhost-probe";

    static readonly TimeSpan Life = TimeSpan.FromMinutes(2);

    /// <summary>The last numbers that an id can be, and another one for each run: an earlier run has logged its person out everywhere.</summary>
    public string Subject { get; } =
        (long.MaxValue - RandomNumberGenerator.GetInt32(int.MaxValue)).ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>The epoch of that person.</summary>
    public const int UserEpoch = 1;

    public SigningKeyHandle Key => key;

    public long Now => clock.GetUtcNow().ToUnixTimeSeconds();

    /// <summary>The header of a good token.</summary>
    public JsonObject Header() => new() { ["typ"] = "at+jwt", ["alg"] = key.Algorithm, ["kid"] = key.Kid };

    /// <summary>The claims of a good token, with ids of their own.</summary>
    public JsonObject Claims() => new()
    {
        ["iss"] = issuer,
        ["aud"] = audience,
        ["sub"] = Subject,
        ["sid"] = Identifiers.NewTokenId(),
        ["gid"] = Identifiers.NewTokenId(),
        ["uep"] = UserEpoch,
        ["client_id"] = ClientId,
        ["aep"] = 0,
        ["gep"] = globalEpoch,
        ["scope"] = scope,
        ["iat"] = Now,
        ["exp"] = Now + (long)Life.TotalSeconds,
        ["jti"] = Identifiers.NewTokenId(),
    };

    /// <summary>Signed by the key that signs now.</summary>
    public string Sign(JsonObject header, JsonObject claims) => Sign(header, claims, key);

    public static string Sign(JsonObject header, JsonObject claims, SigningKeyHandle by) => Join(header, claims, data =>
    {
        var signature = new byte[by.SignatureLength];
        return by.TrySign(data, signature) ? signature : throw new InvalidOperationException($"The key {by.Kid} was taken away.");
    });

    public static string Join(JsonObject header, JsonObject claims, Func<byte[], byte[]> sign)
    {
        var signed = $"{Encode(header)}.{Encode(claims)}";
        return $"{signed}.{Base64Url.EncodeToString(sign(Encoding.ASCII.GetBytes(signed)))}";
    }

    /// <summary>The texts in which a careless verifier may hold the public key, and take it for a shared secret.</summary>
    public IEnumerable<byte[]> PublicTexts()
    {
        var jwk = new JsonObject(key.PublicMembers.Select(m => KeyValuePair.Create(m.Name, (JsonNode?)m.Value)));
        using AsymmetricAlgorithm opened = key.Algorithm == AccessTokenKey.Rs256 ? RSA.Create(RsaOf(jwk)) : ECDsa.Create(EcOf(jwk));
        var pem = opened.ExportSubjectPublicKeyInfoPem();
        yield return Encoding.ASCII.GetBytes(pem);
        yield return Encoding.ASCII.GetBytes(pem + "\n");
        yield return opened.ExportSubjectPublicKeyInfo();
        yield return Encoding.ASCII.GetBytes(jwk.ToJsonString());
    }

    static ECParameters EcOf(JsonObject jwk) => new()
    {
        Curve = ECCurve.NamedCurves.nistP256,
        Q = new ECPoint { X = Bytes(jwk, "x"), Y = Bytes(jwk, "y") },
    };

    static RSAParameters RsaOf(JsonObject jwk) => new() { Modulus = Bytes(jwk, "n"), Exponent = Bytes(jwk, "e") };

    static byte[] Bytes(JsonObject jwk, string name) => Base64Url.DecodeFromChars(jwk[name]!.GetValue<string>());

    static string Encode(JsonObject json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json.ToJsonString()));
}
