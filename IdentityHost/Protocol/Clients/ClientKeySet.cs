using System.Collections.Immutable;
using System.Text.Json;
using IdentityHost.ResourceServer;

namespace IdentityHost.Protocol.Clients;

/// <summary>The public keys of one application that can verify its assertions. What cannot (another kind, too short) is passed over.</summary>
internal sealed class ClientKeySet
{
    /// <summary>Keys in a set: more are refused where they are registered, and not read where they are fetched.</summary>
    public const int MostKeys = 20;

    /// <summary>The algorithms of assertions, the first the one we would choose.</summary>
    public static readonly ImmutableArray<string> Algorithms = [AccessTokenKey.Es256, AccessTokenKey.Ps256, AccessTokenKey.Rs256];

    /// <summary>What a key without <c>kid</c> is called.</summary>
    const string Nameless = "-";

    const int LongestKeyId = 256;

    readonly ImmutableArray<AccessTokenKey> _keys;

    ClientKeySet(ImmutableArray<AccessTokenKey> keys) => _keys = keys;

    public bool IsEmpty => _keys.IsEmpty;

    /// <summary>A JWK set (RFC 7517 §5); null for a text that is none.</summary>
    /// <param name="json">The set.</param>
    /// <param name="algorithm">The only one that the application registered; null for the one of each key.</param>
    public static ClientKeySet? Parse(ReadOnlyMemory<byte> json, string? algorithm)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 8, AllowDuplicateProperties = false });
            if (document.RootElement.ValueKind != JsonValueKind.Object
                || !document.RootElement.TryGetProperty("keys", out var keys) || keys.ValueKind != JsonValueKind.Array)
                return null;
            return new ClientKeySet([.. keys.EnumerateArray().Take(MostKeys).Select(key => Read(key, algorithm)).OfType<AccessTokenKey>()]);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Not JSON, or with strings that are no text.
            return null;
        }
    }

    /// <summary>
    /// The key of that name. A header without one means the only key there is of its algorithm: where there are several it must name one
    /// (OpenID Connect Core §10.1), or each would be tried at our cost.
    /// </summary>
    public AccessTokenKey? Find(string? keyId, string algorithm)
    {
        var found = _keys.Where(key => key.Algorithm == algorithm && (keyId is null || key.KeyId == keyId)).Take(2).ToList();
        return found is [var only] ? only : null;
    }

    static AccessTokenKey? Read(JsonElement key, string? algorithm)
    {
        try
        {
            return key.ValueKind == JsonValueKind.Object && (JsonWebKey.KeyId(key) ?? Nameless) is { Length: <= LongestKeyId } id ? JsonWebKey.Read(key, id, algorithm) : null;
        }
        catch (InvalidOperationException)
        {
            // Its name is no text. Its neighbours may be sound.
            return null;
        }
    }
}
