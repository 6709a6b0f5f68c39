using System.Buffers.Text;
using System.Text.Json.Nodes;
using IdentityHost.Tests.Protocol.Registration;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol.Clients;

/// <summary>Applications that register their keys, and change them.</summary>
public sealed class KeyRegistrationTests(AssertionHost host) : IClassFixture<AssertionHost>
{
    [Fact]
    public async Task Registration_says_what_private_key_jwt_needs()
    {
        using var key = new AssertionKey();
        using var rsa = new AssertionKey("PS256");
        (string, JsonNode?)[][] wrong =
        [
            [],
            [("jwks", new JsonObject { ["keys"] = new JsonArray() })],
            [("jwks", new JsonObject { ["keys"] = new JsonArray(key.Jwk(("use", "enc"))) })],
            [("jwks", new JsonObject { ["keys"] = new JsonArray(key.Jwk(("crv", "P-521"))) })],
            [("jwks", new JsonObject { ["keys"] = new JsonArray(rsa.Jwk(("e", Endless(2048 / 8)))) })],
            [("jwks", new JsonObject { ["keys"] = new JsonArray(rsa.Jwk(("n", Endless(2048)))) })],
            [("jwks", new JsonObject { ["keys"] = new JsonArray(rsa.Jwk(("n", Endless(128)))) })],
            [("jwks", AssertionKey.Set(key)), ("jwks_uri", "https://app.example.com/jwks")],
            [("jwks", AssertionKey.Set(key)), ("token_endpoint_auth_signing_alg", "none")],
            [("jwks", AssertionKey.Set(key)), ("token_endpoint_auth_signing_alg", "HS256")],
            [("jwks", AssertionKey.Set(key)), ("token_endpoint_auth_signing_alg", "RS256")],
            [("jwks", AssertionKey.Set(rsa)), ("token_endpoint_auth_signing_alg", "RS256")],
            [("jwks_uri", "https://10.0.0.1/jwks")],
            [("jwks_uri", "http://app.example.com.evil/jwks#x")],
            [("jwks_uri", "file:///etc/passwd")],
        ];
        foreach (var members in wrong)
            await host.Client.PostAsync(Registering.Metadata([("token_endpoint_auth_method", "private_key_jwt"), .. members]), AssertionHost.InitialToken).RefusedAsync("invalid_client_metadata");

        var made = await host.Client.RegisteredAsync(
            AssertionHost.InitialToken,
            ("token_endpoint_auth_method", "private_key_jwt"),
            ("jwks", AssertionKey.Set(rsa)),
            ("token_endpoint_auth_signing_alg", "PS256"),
            ("grant_types", new JsonArray("client_credentials", "authorization_code")));
        Assert.False(made.Told.ContainsKey("client_secret"));
        Assert.False(made.Told.ContainsKey("client_secret_expires_at"));
        Assert.Equal("PS256", made.Told["token_endpoint_auth_signing_alg"]!.GetValue<string>());
        await host.Client.AssertedAsync(rsa.Assertion(made.ClientId)).GrantedAsync();

        // Another key, by its management: the old one is out on every node.
        using var put = await host.Client.ManageAsync(HttpMethod.Put, made, made.Metadata(("jwks", AssertionKey.Set(key)), ("token_endpoint_auth_signing_alg", "ES256")));
        Assert.True(put.IsSuccessStatusCode, await put.Content.ReadAsStringAsync());
        await host.FeedReadAsync();
        foreach (var node in host.Nodes)
        {
            await node.Client.AssertedAsync(rsa.Assertion(made.ClientId)).NoClientAsync();
            await node.Client.AssertedAsync(key.Assertion(made.ClientId)).GrantedAsync();
        }
        // And back to a secret, which is made for it.
        using var secret = await host.Client.ManageAsync(
            HttpMethod.Put, made, new JsonObject { ["client_id"] = made.ClientId, ["redirect_uris"] = new JsonArray(Registering.Callback) });
        Assert.NotEqual("", (await secret.JsonAsync())["client_secret"]!.GetValue<string>());
    }

    /// <summary>A number of so many bytes, odd and full.</summary>
    static string Endless(int bytes) => Base64Url.EncodeToString([.. Enumerable.Repeat((byte)0xff, bytes)]);
}
