using System.Text;
using System.Text.Json;
using IdentityHost.Protocol.Clients;

namespace IdentityHost.Protocol.Registration;

/// <summary>The public keys in metadata: <c>jwks</c> (RFC 7517 §5), or <c>jwks_uri</c>, which is read when the application proves itself by one of them.</summary>
internal static class KeySet
{
    const int Longest = 32 * 1024;

    /// <summary>The set as it was sent; null where there is none.</summary>
    public static string? Read(MetadataDocument sent)
    {
        if (sent.Object("jwks") is not { } set)
            return null;
        // RFC 7591 §2: not both.
        if (sent.Has("jwks_uri"))
            sent.Refuse("Send jwks or jwks_uri, not both.");
        if (!set.TryGetProperty("keys", out var keys) || keys.ValueKind != JsonValueKind.Array || keys.GetArrayLength() > ClientKeySet.MostKeys
            || set.GetRawText().Length > Longest)
            sent.Refuse($"jwks must be a JWK set of at most {ClientKeySet.MostKeys} keys.");
        else if (!keys.EnumerateArray().All(IsPublic))
            sent.Refuse("jwks must hold public keys only.");
        return set.GetRawText();
    }

    /// <summary>What <c>private_key_jwt</c> needs: an algorithm that we know, and keys, of which one at least can be used with it.</summary>
    public static void CheckForAssertions(MetadataDocument sent, string? jwks, Uri? jwksUri, string? algorithm)
    {
        if (algorithm is not null && !ClientKeySet.Algorithms.Contains(algorithm))
            sent.Refuse("token_endpoint_auth_signing_alg must be one that discovery names.");
        if (jwks is null && jwksUri is null)
            sent.Refuse("private_key_jwt needs jwks or jwks_uri.");
        else if (jwks is not null && ClientKeySet.Parse(Encoding.UTF8.GetBytes(jwks), algorithm) is null or { IsEmpty: true })
            sent.Refuse("jwks holds no key that private_key_jwt can use: an RSA key of 2048 bits at least, or one on the curve P-256.");
    }

    /// <summary>RFC 7518 §6: <c>d</c> is the private part of RSA and EC keys, <c>k</c> a symmetric key.</summary>
    static bool IsPublic(JsonElement key) =>
        key.ValueKind == JsonValueKind.Object && key.TryGetProperty("kty", out _) && !key.TryGetProperty("d", out _) && !key.TryGetProperty("k", out _);
}
