using System.Security.Cryptography;
using System.Text.Json.Nodes;
using IdentityHost.Protocol.Keys;
using IdentityHost.ResourceServer;

namespace IdentityHost.Verbs.Probe;

/// <summary>One thing that no API may accept.</summary>
/// <param name="Name">What it is, in a few words.</param>
/// <param name="Rule">Where that is written.</param>
/// <param name="Token">What is sent.</param>
/// <param name="InQuery">Whether it is sent in the query, and not in the header.</param>
internal sealed record ProbeCase(string Name, string Rule, string Token, bool InQuery = false);

/// <summary>The forgeries and mix-ups that need no change at the issuer. The list is the documentation.</summary>
internal static class ProbeCases
{
    const long Hour = 3600;

    public static IEnumerable<ProbeCase> Of(ProbeTokens tokens, string issuer, string audience)
    {
        var good = tokens.Sign(tokens.Header(), tokens.Claims());
        yield return new("expired an hour ago", "RFC 9068 4", Claim(("iat", tokens.Now - 2 * Hour), ("exp", tokens.Now - Hour)));
        yield return new("without exp", "RFC 9068 2.2", Claim(("exp", null)));
        yield return new("good in an hour (nbf)", "RFC 7519 4.1.5", Claim(("nbf", tokens.Now + Hour), ("exp", tokens.Now + 2 * Hour)));
        yield return new("for another API", "RFC 9068 4", Claim(("aud", "https://probe.invalid/another-api")));
        yield return new("for an API whose name begins alike", "RFC 9068 4", Claim(("aud", audience + ".probe.invalid")));
        yield return new("without aud", "RFC 9068 2.2", Claim(("aud", null)));
        yield return new("of another issuer", "RFC 9068 4", Claim(("iss", "https://probe.invalid")));
        yield return new("of an issuer whose name begins alike", "RFC 9068 4", Claim(("iss", issuer + ".probe.invalid")));
        yield return new("without sub", "RFC 9068 2.2", Claim(("sub", null)));
        yield return new("without the scope", "RFC 6750 3.1", Claim(("scope", "probe:nothing")));
        yield return new("bound to a key (cnf)", "RFC 9449 7.1", Claim(("cnf", new JsonObject { ["jkt"] = new string('A', 43) })));
        yield return new("an ID token", "RFC 9068 4", Head(("typ", "JWT")));
        yield return new("a token without typ", "RFC 8725 3.11", Head(("typ", null)));
        yield return new("a logout token", "RFC 8725 3.11", Head(("typ", "logout+jwt")));
        yield return new("with an unknown crit", "RFC 7515 4.1.11", Head(("crit", new JsonArray("probe")), ("probe", true)));
        yield return new("with alg none", "RFC 8725 2.1", ProbeTokens.Join(With(tokens.Header(), ("alg", "none")), tokens.Claims(), _ => []));
        yield return new("with alg nOnE", "RFC 8725 2.1", ProbeTokens.Join(With(tokens.Header(), ("alg", "nOnE")), tokens.Claims(), _ => []));
        foreach (var secret in tokens.PublicTexts())
            yield return new("with HS256 by the public key", "RFC 8725 2.1", Hmac(tokens, secret));
        yield return new("without its signature", "RFC 7515 5.2", good[..(good.LastIndexOf('.') + 1)]);
        yield return new("with a signature of zeros", "CVE-2022-21449", ProbeTokens.Join(tokens.Header(), tokens.Claims(), _ => new byte[tokens.Key.SignatureLength]));
        yield return new("changed after it was signed", "RFC 7515 5.2", Changed(tokens, good));
        yield return new("signed by a stranger's key", "RFC 8725 3.1", Strange(tokens, embedded: false));
        yield return new("that brings its own key (jwk)", "RFC 8725 3.10", Strange(tokens, embedded: true));
        yield return new("in the query", "RFC 9700 4.3.2", good, InQuery: true);

        string Claim(params (string, JsonNode?)[] changes) => tokens.Sign(tokens.Header(), With(tokens.Claims(), changes));

        string Head(params (string, JsonNode?)[] changes) => tokens.Sign(With(tokens.Header(), changes), tokens.Claims());
    }

    static JsonObject With(JsonObject json, params (string Name, JsonNode? Value)[] changes)
    {
        foreach (var (name, value) in changes)
        {
            json.Remove(name);
            if (value is not null)
                json[name] = value;
        }
        return json;
    }

    static string Hmac(ProbeTokens tokens, byte[] secret) =>
        ProbeTokens.Join(With(tokens.Header(), ("alg", "HS256")), tokens.Claims(), data => HMACSHA256.HashData(secret, data));

    /// <summary>The claims of another token under the signature of a good one.</summary>
    static string Changed(ProbeTokens tokens, string good)
    {
        var (own, other) = (good.Split('.'), tokens.Sign(tokens.Header(), tokens.Claims()).Split('.'));
        return $"{own[0]}.{other[1]}.{own[2]}";
    }

    static string Strange(ProbeTokens tokens, bool embedded)
    {
        using var ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var stranger = new SigningKeyHandle(AccessTokenKey.Es256, ec.ExportPkcs8PrivateKey());
        var header = With(tokens.Header(), ("alg", stranger.Algorithm), ("kid", embedded ? stranger.Kid : tokens.Key.Kid));
        if (embedded)
            header["jwk"] = new JsonObject(stranger.PublicMembers.Select(m => KeyValuePair.Create(m.Name, (JsonNode?)m.Value)));
        return ProbeTokens.Sign(header, tokens.Claims(), stranger);
    }
}
