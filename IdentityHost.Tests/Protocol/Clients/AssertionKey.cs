using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol.Clients;

/// <summary>A key pair of an application, which signs its assertions (RFC 7523) as a client library would, and as attackers do. Shares no code with what it tests.</summary>
public sealed class AssertionKey : IDisposable
{
    public const string Type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

    readonly ECDsa? _ec;
    readonly RSA? _rsa;

    public AssertionKey(string algorithm = "ES256", string? keyId = null)
    {
        (Algorithm, KeyId) = (algorithm, keyId ?? BackChannel.NewName());
        if (algorithm == "ES256")
            _ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        else
            _rsa = RSA.Create(2048);
    }

    public string Algorithm { get; }

    public string KeyId { get; }

    /// <summary>The public half as a JWK that names its algorithm, with some members set or (null) taken away.</summary>
    public JsonObject Jwk(params (string Name, JsonNode? Value)[] members)
    {
        var jwk = new JsonObject { ["kid"] = KeyId, ["use"] = "sig", ["alg"] = Algorithm };
        if (_ec is not null)
        {
            var point = _ec.ExportParameters(includePrivateParameters: false).Q;
            HostTokens.Set(jwk, ("kty", "EC"), ("crv", "P-256"), ("x", Base64Url.EncodeToString(point.X)), ("y", Base64Url.EncodeToString(point.Y)));
        }
        else
        {
            var key = _rsa!.ExportParameters(includePrivateParameters: false);
            HostTokens.Set(jwk, ("kty", "RSA"), ("n", Base64Url.EncodeToString(key.Modulus)), ("e", Base64Url.EncodeToString(key.Exponent)));
        }
        return Change(jwk, members);
    }

    /// <summary>A JWK set of such keys.</summary>
    public static JsonObject Set(params AssertionKey[] keys) => new() { ["keys"] = new JsonArray([.. keys.Select(k => (JsonNode?)k.Jwk())]) };

    /// <summary>An assertion that is right, with some claims set or (null) taken away.</summary>
    public string Assertion(string clientId, params (string Name, JsonNode? Value)[] claims) => Sign(Header(), Claims(clientId, claims));

    public JsonObject Header(params (string Name, JsonNode? Value)[] members) => Change(new JsonObject { ["alg"] = Algorithm, ["kid"] = KeyId }, members);

    public static JsonObject Claims(string clientId, params (string Name, JsonNode? Value)[] claims)
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        return Change(
            new JsonObject
            {
                ["iss"] = clientId,
                ["sub"] = clientId,
                ["aud"] = HostFixture.Issuer,
                ["jti"] = Guid.NewGuid().ToString("N"),
                ["iat"] = now,
                ["exp"] = now + 60,
            },
            claims);
    }

    public string Sign(JsonObject header, JsonObject claims) => HostTokens.Sign(header.ToJsonString(), claims.ToJsonString(), data => _ec is not null
        ? _ec.SignData(data, HashAlgorithmName.SHA256)
        : _rsa!.SignData(data, HashAlgorithmName.SHA256, Algorithm == "PS256" ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1));

    public void Dispose()
    {
        _ec?.Dispose();
        _rsa?.Dispose();
    }

    static JsonObject Change(JsonObject json, params (string Name, JsonNode? Value)[] members)
    {
        foreach (var (name, value) in members)
        {
            if (value is null)
                json.Remove(name);
            else
                json[name] = value;
        }
        return json;
    }
}

/// <summary>Requests that prove themselves by an assertion.</summary>
static class Asserting
{
    public static Task<HttpResponseMessage> AssertedAsync(this HttpClient node, string assertion, params (string Name, string Value)[] form) =>
        node.TokenAsync([("client_assertion_type", AssertionKey.Type), ("client_assertion", assertion), .. form.DefaultIfEmpty(("grant_type", "client_credentials"))]);

    /// <summary>The one answer of every failed client authentication.</summary>
    public static Task NoClientAsync(this Task<HttpResponseMessage> request) => request.RefusedAsync(System.Net.HttpStatusCode.Unauthorized, "invalid_client");
}
