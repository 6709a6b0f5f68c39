using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;

namespace IdentityHost.ResourceServer.Remote;

/// <summary>Reads a JWK set (RFC 7517 §5). Keys that no access token can be signed with are passed over, as §5 wants.</summary>
static class KeyDocument
{
    /// <summary>More are not read: an issuer has a handful.</summary>
    const int MostKeys = 100;

    /// <param name="document">The set.</param>
    /// <param name="known">Keys that were read before, by the text of their JWK: they are kept, and need no import.</param>
    public static Dictionary<string, AccessTokenKey> Read(JsonElement document, IReadOnlyDictionary<string, AccessTokenKey> known)
    {
        var read = new Dictionary<string, AccessTokenKey>(StringComparer.Ordinal);
        if (!document.TryGetProperty("keys", out var keys) || keys.ValueKind != JsonValueKind.Array)
        {
            throw new IssuerException("the JWK set has no keys");
        }
        var kids = new HashSet<string>(StringComparer.Ordinal);
        foreach (var jwk in keys.EnumerateArray().Take(MostKeys))
        {
            if (jwk.ValueKind != JsonValueKind.Object || Text(jwk, "kid") is not { Length: > 0 } kid)
            {
                continue;
            }
            var text = jwk.GetRawText();
            if ((known.GetValueOrDefault(text) ?? Import(jwk, kid)) is { } key && kids.Add(kid))
            {
                read[text] = key;
            }
        }
        return read;
    }

    static AccessTokenKey? Import(JsonElement jwk, string kid)
    {
        // RFC 7517 §4.2: a key for encryption signs nothing.
        if (Text(jwk, "use") is not (null or "sig"))
        {
            return null;
        }
        try
        {
            return (Text(jwk, "kty"), Text(jwk, "alg") ?? "") switch
            {
                ("EC", "" or AccessTokenKey.Es256) when Text(jwk, "crv") == "P-256" => AccessTokenKey.FromEc(
                    kid,
                    new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new ECPoint { X = Bytes(jwk, "x"), Y = Bytes(jwk, "y") } }),
                ("RSA", "" or AccessTokenKey.Rs256) => AccessTokenKey.FromRsa(kid, new RSAParameters { Modulus = Bytes(jwk, "n"), Exponent = Bytes(jwk, "e") }),
                _ => null,
            };
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or FormatException)
        {
            // Not on the curve, too short, or no base64url.
            return null;
        }
    }

    static string? Text(JsonElement jwk, string name) =>
        jwk.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    static byte[] Bytes(JsonElement jwk, string name) => Base64Url.DecodeFromChars(Text(jwk, name));
}
