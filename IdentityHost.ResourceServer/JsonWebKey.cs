using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;

namespace IdentityHost.ResourceServer;

/// <summary>Reads one public key that verifies signatures (RFC 7517 §4, RFC 7518 §6).</summary>
static class JsonWebKey
{
    /// <summary>In bytes. RSA with a larger modulus, or with an exponent as long as that, takes milliseconds to verify: whoever names such a key wants just this.</summary>
    const int LongestModulus = 1024;
    const int LongestExponent = 8;

    /// <summary>The <c>kid</c>; null where it has none.</summary>
    public static string? KeyId(JsonElement jwk) => Text(jwk, "kid") is { Length: > 0 } id ? id : null;

    /// <summary>
    /// Null for a key that is for something else, of another kind or not usable: such keys may stand in a set beside good ones (RFC 7517 §5).
    /// </summary>
    /// <param name="jwk">The key.</param>
    /// <param name="keyId">What it is called.</param>
    /// <param name="algorithm">The only one it is wanted for. Null for the one that it names, or else ES256 for a P-256 key and RS256 for an RSA key.</param>
    public static AccessTokenKey? Read(JsonElement jwk, string keyId, string? algorithm = null)
    {
        try
        {
            var named = Text(jwk, "alg");
            // RFC 7517 §4.2: a key for encryption signs nothing.
            if (Text(jwk, "use") is not (null or "sig") || (named is not null && algorithm is not null && named != algorithm))
            {
                return null;
            }
            return (Text(jwk, "kty"), algorithm ?? named) switch
            {
                ("EC", null or AccessTokenKey.Es256) when Text(jwk, "crv") == "P-256" => AccessTokenKey.FromEc(
                    keyId,
                    new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new ECPoint { X = Bytes(jwk, "x"), Y = Bytes(jwk, "y") } }),
                ("RSA", null or AccessTokenKey.Rs256 or AccessTokenKey.Ps256) => Rsa(jwk) is { Modulus.Length: <= LongestModulus, Exponent.Length: <= LongestExponent } rsa
                    ? AccessTokenKey.FromRsa(keyId, rsa, algorithm ?? named ?? AccessTokenKey.Rs256)
                    : null,
                _ => null,
            };
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or FormatException or InvalidOperationException)
        {
            // Not on the curve, too short, no base64url; no object, or a text with half a surrogate pair in it.
            return null;
        }
    }

    static RSAParameters Rsa(JsonElement jwk) => new() { Modulus = Bytes(jwk, "n"), Exponent = Bytes(jwk, "e") };

    static string? Text(JsonElement jwk, string name) =>
        jwk.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    static byte[] Bytes(JsonElement jwk, string name) => Base64Url.DecodeFromChars(Text(jwk, name));
}
