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
            if (jwk.ValueKind != JsonValueKind.Object || JsonWebKey.KeyId(jwk) is not { } kid)
            {
                continue;
            }
            var text = jwk.GetRawText();
            if ((known.GetValueOrDefault(text) ?? JsonWebKey.Read(jwk, kid)) is { } key && kids.Add(kid))
            {
                read[text] = key;
            }
        }
        return read;
    }
}
