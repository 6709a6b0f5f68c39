using System.Text.Json;

namespace IdentityHost.Protocol.Registration;

/// <summary>The <c>jwks</c> of metadata (RFC 7517 §5). <c>jwks_uri</c> is ignored: nothing here needs an application's keys, so nothing is fetched.</summary>
internal static class KeySet
{
    const int MostKeys = 20;
    const int Longest = 32 * 1024;

    /// <summary>The set as it was sent; null where there is none.</summary>
    public static string? Read(MetadataDocument sent)
    {
        if (sent.Object("jwks") is not { } set)
            return null;
        // RFC 7591 §2: not both.
        if (sent.Has("jwks_uri"))
            sent.Refuse("Send jwks or jwks_uri, not both.");
        if (!set.TryGetProperty("keys", out var keys) || keys.ValueKind != JsonValueKind.Array || keys.GetArrayLength() > MostKeys || set.GetRawText().Length > Longest)
            sent.Refuse($"jwks must be a JWK set of at most {MostKeys} keys.");
        else if (!keys.EnumerateArray().All(IsPublic))
            sent.Refuse("jwks must hold public keys only.");
        return set.GetRawText();
    }

    /// <summary>RFC 7518 §6: <c>d</c> is the private part of RSA and EC keys, <c>k</c> a symmetric key.</summary>
    static bool IsPublic(JsonElement key) =>
        key.ValueKind == JsonValueKind.Object && key.TryGetProperty("kty", out _) && !key.TryGetProperty("d", out _) && !key.TryGetProperty("k", out _);
}
