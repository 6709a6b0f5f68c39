using System.Text;
using System.Text.Json;
using IdentityHost.ResourceServer;

namespace IdentityHost.Protocol.Tokens;

/// <summary>
/// A signed JWT in its compact form (RFC 7515 §7.1), taken apart and not believed yet: of its header only what chooses a key, of its payload nothing
/// before <see cref="Open"/> has verified the signature.
/// </summary>
/// <param name="Algorithm"><c>alg</c>.</param>
/// <param name="Type"><c>typ</c>; null for none.</param>
/// <param name="KeyId"><c>kid</c>; null for none.</param>
/// <param name="BringsKey">Whether the header names or holds a key of its own (RFC 8725 §3.10).</param>
internal sealed record SignedJwt(string Algorithm, string? Type, string? KeyId, bool BringsKey)
{
    string _signed = "";
    string _payload = "";
    string _signature = "";

    /// <summary>Null for everything else, and for one that changes what is signed (<c>b64</c>) or must be understood (<c>crit</c>): nobody here writes these.</summary>
    /// <param name="token">The text.</param>
    /// <param name="longest">The most characters that are looked at.</param>
    public static SignedJwt? Read(string token, int longest)
    {
        if (token.Length > longest || token.Split('.') is not [var header, var payload, var signature] || Parse(header) is not { } head)
            return null;
        using (head)
        {
            var members = head.RootElement;
            return members.TryGetProperty("crit", out _) || members.TryGetProperty("b64", out _) || Text(members, "alg") is not { } algorithm
                ? null
                : new SignedJwt(algorithm, Text(members, "typ"), Text(members, "kid"), HasKey(members))
                {
                    _signed = $"{header}.{payload}",
                    _payload = payload,
                    _signature = signature,
                };
        }
    }

    /// <summary>The payload, whoever signed it: for nothing but to find whose keys to ask.</summary>
    public JsonDocument? Peek() => Parse(_payload);

    /// <summary>The payload, if this key signed it by the algorithm that the header names; null otherwise.</summary>
    public JsonDocument? Open(AccessTokenKey key) =>
        key.Algorithm == Algorithm && Decode(_signature) is { } signature && key.Verify(Encoding.ASCII.GetBytes(_signed), signature.Span) ? Parse(_payload) : null;

    /// <summary>A member that is a string; null for any other, and for one with half a surrogate pair, which is no text.</summary>
    public static string? Text(JsonElement members, string name)
    {
        try
        {
            return members.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    static bool HasKey(JsonElement header) =>
        header.TryGetProperty("jwk", out _) || header.TryGetProperty("jku", out _) || header.TryGetProperty("x5c", out _) || header.TryGetProperty("x5u", out _);

    static ReadOnlyMemory<byte>? Decode(string segment)
    {
        var bytes = new byte[segment.Length];
        return CanonicalBase64Url.TryDecode(segment, bytes, out var length) ? bytes.AsMemory(0, length) : null;
    }

    static JsonDocument? Parse(string segment)
    {
        if (Decode(segment) is not { } json)
            return null;
        try
        {
            return JsonShape.IsSoundObject(json.Span) ? JsonDocument.Parse(json) : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
