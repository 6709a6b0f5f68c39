using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Conformance;

/// <summary>What the token endpoint gave.</summary>
/// <param name="Body">Its answer.</param>
/// <param name="Header">Of the ID token.</param>
/// <param name="Claims">Of the ID token.</param>
public sealed record Granted(JsonObject Body, JsonObject Header, JsonObject Claims)
{
    public string AccessToken => Body["access_token"]!.GetValue<string>();

    public string IdToken => Body["id_token"]!.GetValue<string>();

    public string Subject => Claims["sub"]!.GetValue<string>();

    public long AuthTime => Claims["auth_time"]!.GetValue<long>();
}

/// <summary>What a relying party checks of a token response and its ID token (OpenID Connect Core §3.1.3.5, §3.1.3.7, §3.1.3.8).</summary>
static class IdTokenCheck
{
    /// <summary>Claims that may stand in an ID token though nobody asked for them.</summary>
    static readonly string[] Foreseen =
        ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "azp", "at_hash", "c_hash", "nbf", "jti", "sid"];

    static readonly TimeSpan Skew = TimeSpan.FromMinutes(5);

    public static async Task<Granted> GrantedAsync(ConformanceClient client, HttpResponseMessage answer, string? nonce)
    {
        var body = await answer.JsonAsync();
        Assert.True(answer.StatusCode == HttpStatusCode.OK, $"{(int)answer.StatusCode} {body.ToJsonString()}");
        Assert.Equal("application/json", answer.Content.Headers.ContentType!.MediaType);
        Assert.Equal("no-store", answer.Headers.CacheControl!.ToString());
        Assert.Equal("Bearer", body["token_type"]!.GetValue<string>(), ignoreCase: true);
        Assert.True(body["expires_in"]!.GetValue<int>() > 0);
        var token = body["id_token"]!.GetValue<string>();
        var granted = new Granted(body, Part(token, 0), Part(token, 1));
        var claims = granted.Claims;
        var now = await client.Host.NowAsync();

        await SignedAsync(client.Host, token, granted.Header);
        Assert.Equal(HostFixture.Issuer, claims["iss"]!.GetValue<string>());
        Assert.Equal(client.ClientId, claims["aud"]!.GetValue<string>());
        Assert.False(claims.ContainsKey("azp"));
        Assert.InRange(granted.Subject.Length, 1, 255);
        Assert.All(granted.Subject, c => Assert.True(char.IsAscii(c)));
        Assert.True(Time(claims, "exp") > now);
        Assert.InRange(Time(claims, "iat"), now - Skew, now + Skew);
        Assert.True(Time(claims, "auth_time") <= now + Skew);
        Assert.Equal(nonce, claims["nonce"]?.GetValue<string>());
        var hash = SHA256.HashData(Encoding.ASCII.GetBytes(granted.AccessToken));
        Assert.Equal(Base64Url.EncodeToString(hash.AsSpan(0, hash.Length / 2)), claims["at_hash"]!.GetValue<string>());
        Assert.All(claims, c => Assert.Contains(c.Key, Foreseen));
        return granted;
    }

    /// <summary>Signed by the published key that the header names.</summary>
    public static async Task SignedAsync(HostFixture host, string jwt, JsonObject header)
    {
        var kid = header["kid"]!.GetValue<string>();
        var key = Assert.Single(await Metadata.KeysAsync(host), k => k["kid"]!.GetValue<string>() == kid);
        Assert.Equal(header["alg"]!.GetValue<string>(), key["alg"]!.GetValue<string>());
        var end = jwt.LastIndexOf('.');
        var (signed, signature) = (Encoding.ASCII.GetBytes(jwt[..end]), Base64Url.DecodeFromChars(jwt.AsSpan(end + 1)));
        if (header["alg"]!.GetValue<string>() == "RS256")
        {
            using var rsa = RSA.Create(new RSAParameters { Modulus = Bytes(key, "n"), Exponent = Bytes(key, "e") });
            Assert.True(rsa.VerifyData(signed, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
            return;
        }
        Assert.Equal("ES256", header["alg"]!.GetValue<string>());
        using var ec = ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new ECPoint { X = Bytes(key, "x"), Y = Bytes(key, "y") } });
        Assert.True(ec.VerifyData(signed, signature, HashAlgorithmName.SHA256));
    }

    public static JsonObject Part(string jwt, int index) => JsonNode.Parse(Base64Url.DecodeFromChars(jwt.Split('.')[index]))!.AsObject();

    static byte[] Bytes(JsonObject key, string member) => Base64Url.DecodeFromChars(key[member]!.GetValue<string>());

    static DateTimeOffset Time(JsonObject claims, string name)
    {
        Assert.Equal(JsonValueKind.Number, claims[name]!.GetValueKind());
        return DateTimeOffset.FromUnixTimeSeconds(claims[name]!.GetValue<long>());
    }
}
