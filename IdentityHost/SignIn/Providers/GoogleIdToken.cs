using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using IdentityHost.ResourceServer;
using IdentityHost.SignIn.External;
using Microsoft.Extensions.Options;

namespace IdentityHost.SignIn.Providers;

/// <summary>
/// The one verifier of Google's ID tokens (OpenID Connect Core §3.1.3.7, RFC 8725): RS256 by a key that Google publishes, issued by Google, for us
/// alone, for this very sign-in, now. Only what it returns is believed about a person.
/// </summary>
internal sealed class GoogleIdToken(GoogleKeys keys, TimeProvider clock, IOptions<GoogleOptions> options)
{
    const int LongestToken = 16 * 1024;
    const int LongestSubject = 255;

    /// <summary>Google's clock and ours.</summary>
    static readonly TimeSpan Skew = TimeSpan.FromMinutes(1);

    /// <summary>Google's own live an hour.</summary>
    static readonly TimeSpan LongestLife = TimeSpan.FromHours(24);

    /// <summary>Who the token is about, or the reason to refuse it (for the log and the audit, not for the person).</summary>
    /// <param name="token">As the token endpoint gave it.</param>
    /// <param name="nonce">What this sign-in was begun with.</param>
    /// <param name="cancellationToken">Stops fetching the keys.</param>
    /// <exception cref="HttpRequestException">Google's keys cannot be had.</exception>
    public async Task<(ExternalIdentity? Identity, string? Refusal)> VerifyAsync(string? token, string nonce, CancellationToken cancellationToken)
    {
        if (token is null || token.Length > LongestToken || token.Split('.') is not [var header, var payload, var signature])
            return (null, "form");
        if (Decode(header) is not { } headerJson || Parse(headerJson) is not { } head)
            return (null, "header");
        using (head)
        {
            var members = head.RootElement;
            // crit names what must be understood, b64 changes what is signed: Google sends neither.
            if (members.TryGetProperty("crit", out _) || members.TryGetProperty("b64", out _))
                return (null, "header");
            if (Text(members, "alg") != AccessTokenKey.Rs256)
                return (null, "alg");
            if (members.TryGetProperty("typ", out _) && !string.Equals(Text(members, "typ"), "JWT", StringComparison.OrdinalIgnoreCase))
                return (null, "typ");
            if (await keys.FindAsync(Text(members, "kid") ?? "", cancellationToken) is not { } key)
                return (null, "kid");
            if (Decode(signature) is not { } signed || !key.Verify(Encoding.ASCII.GetBytes($"{header}.{payload}"), signed))
                return (null, "signature");
        }
        if (Decode(payload) is not { } claimsJson || Parse(claimsJson) is not { } claims)
            return (null, "claims");
        using (claims)
            return Judge(claims.RootElement, nonce) is { } refusal ? (null, refusal) : (Identity(claims.RootElement), null);
    }

    string? Judge(JsonElement claims, string nonce)
    {
        if (Text(claims, "iss") is not { } issuer || !options.Value.IsIssuer(issuer))
            return "iss";
        // A token for us and somebody else could have been asked for by somebody else.
        if (Text(claims, "aud") != options.Value.ClientId)
            return "aud";
        if (claims.TryGetProperty("azp", out _) && Text(claims, "azp") != options.Value.ClientId)
            return "azp";
        var now = clock.GetUtcNow();
        if (Instant(claims, "exp") is not { } expires || expires <= now - Skew)
            return "exp";
        if (Instant(claims, "iat") is not { } issued || issued > now + Skew || expires - issued > LongestLife)
            return "iat";
        if (Text(claims, "nonce") is not { } said || !CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(said), Encoding.UTF8.GetBytes(nonce)))
            return "nonce";
        return Text(claims, "sub") is { Length: > 0 and <= LongestSubject } subject && subject.All(c => c is > ' ' and < '\x7f') ? null : "sub";
    }

    ExternalIdentity Identity(JsonElement claims) => new(
        options.Value.Issuer,
        Text(claims, "sub")!,
        Text(claims, "email"),
        // Only the JSON value true: absent is false, and so is the text "false", which a looser test would take for true.
        claims.TryGetProperty("email_verified", out var verified) && verified.ValueKind == JsonValueKind.True,
        Text(claims, "name"),
        Text(claims, "hd"),
        Text(claims, "picture"));

    static byte[]? Decode(string segment)
    {
        var bytes = new byte[segment.Length];
        return CanonicalBase64Url.TryDecode(segment, bytes, out var length) ? bytes[..length] : null;
    }

    static JsonDocument? Parse(byte[] json)
    {
        try
        {
            return JsonShape.IsSoundObject(json) ? JsonDocument.Parse(json) : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    static string? Text(JsonElement claims, string name) =>
        claims.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    static DateTimeOffset? Instant(JsonElement claims, string name) =>
        claims.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var seconds) && seconds is > 0 and < 1L << 36
            ? DateTimeOffset.FromUnixTimeSeconds(seconds)
            : null;
}
