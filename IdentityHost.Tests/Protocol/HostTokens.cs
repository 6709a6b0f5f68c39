using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using IdentityHost.Protocol.Keys;
using IdentityHost.ResourceServer;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol;

/// <summary>A right token of the host taken apart, so that a test changes one thing and signs the rest by the host's own key.</summary>
sealed class HostTokens(SigningKeyHandle key, string token)
{
    public string Token => token;

    public static async Task<HostTokens> NewAsync(HostFixture host)
    {
        var (username, _) = await host.Client.RegisterAsync();
        return new HostTokens(host.Nodes[0].Service<SigningKeys>().Signing([AccessTokenKey.Es256])!, await host.Client.AccessTokenAsync(username));
    }

    public JsonObject Header() => Read(0);

    public JsonObject Payload() => Read(1);

    /// <summary>With some header members set.</summary>
    public string WithHeader(params (string Name, JsonNode? Value)[] members) => Sign(Set(Header(), members), Payload());

    /// <summary>With some claims set.</summary>
    public string WithClaims(params (string Name, JsonNode? Value)[] members) => Sign(Header(), Set(Payload(), members));

    public string Without(string claim)
    {
        var payload = Payload();
        Assert.True(payload.Remove(claim));
        return Sign(Header(), payload);
    }

    public string Sign(JsonObject header, JsonObject payload) => Sign(header.ToJsonString(), payload.ToJsonString());

    /// <summary>Whatever these texts are, under the signature of the host.</summary>
    public string Sign(string header, string payload) => Sign(header, payload, data =>
    {
        var signature = new byte[key.SignatureLength];
        Assert.True(key.TrySign(data, signature));
        return signature;
    });

    public static string Sign(string header, string payload, Func<byte[], byte[]> sign)
    {
        var signed = $"{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(header))}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(payload))}";
        return $"{signed}.{Base64Url.EncodeToString(sign(Encoding.ASCII.GetBytes(signed)))}";
    }

    /// <summary>Under the signature of a key that the host does not know.</summary>
    public static string SignForeign(string header, string payload)
    {
        using var stranger = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return Sign(header, payload, data => stranger.SignData(data, HashAlgorithmName.SHA256));
    }

    public static JsonObject Set(JsonObject json, params (string Name, JsonNode? Value)[] members)
    {
        foreach (var (name, value) in members)
            json[name] = value;
        return json;
    }

    JsonObject Read(int segment) => JsonNode.Parse(Base64Url.DecodeFromChars(token.Split('.')[segment]))!.AsObject();
}
