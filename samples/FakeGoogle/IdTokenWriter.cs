using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace FakeGoogle;

/// <summary>Signs ID tokens as Google does (RS256, a <c>kid</c>), and publishes the key.</summary>
internal sealed class IdTokenWriter : IDisposable
{
    static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    RSA _key = RSA.Create(2048);
    string _keyId = NewId();

    /// <summary>From now on another key signs, and only that one is published.</summary>
    public void Rotate()
    {
        _key.Dispose();
        (_key, _keyId) = (RSA.Create(2048), NewId());
    }

    public string Write(string issuer, string clientId, string nonce, Person person)
    {
        var now = DateTimeOffset.UtcNow;
        var header = new JsonObject { ["alg"] = "RS256", ["kid"] = _keyId, ["typ"] = "JWT" };
        var claims = new JsonObject
        {
            ["iss"] = issuer,
            ["azp"] = clientId,
            ["aud"] = clientId,
            ["sub"] = person.Subject,
            ["nonce"] = nonce,
            ["iat"] = now.ToUnixTimeSeconds(),
            ["exp"] = (now + Lifetime).ToUnixTimeSeconds(),
        };
        Add(claims, "hd", person.HostedDomain);
        Add(claims, "email", person.Email);
        Add(claims, "email_verified", person.EmailVerified?.DeepClone());
        if (!person.ShortToken)
        {
            Add(claims, "name", person.Name);
            Add(claims, "picture", person.Picture);
        }
        person.Claims?.Invoke(claims);
        person.Header?.Invoke(header);
        var signed = $"{Encode(header.ToJsonString())}.{Encode(claims.ToJsonString())}";
        var signature = _key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var token = $"{signed}.{Base64Url.EncodeToString(signature)}";
        return person.Token?.Invoke(token) ?? token;
    }

    public JsonObject Jwks()
    {
        var key = _key.ExportParameters(includePrivateParameters: false);
        return new JsonObject
        {
            ["keys"] = new JsonArray(new JsonObject
            {
                ["kty"] = "RSA",
                ["alg"] = "RS256",
                ["use"] = "sig",
                ["kid"] = _keyId,
                ["n"] = Base64Url.EncodeToString(key.Modulus),
                ["e"] = Base64Url.EncodeToString(key.Exponent),
            }),
        };
    }

    public void Dispose() => _key.Dispose();

    static void Add(JsonObject claims, string name, JsonNode? value)
    {
        if (value is not null)
            claims[name] = value;
    }

    static string Encode(string json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));

    static string NewId() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(20));
}
