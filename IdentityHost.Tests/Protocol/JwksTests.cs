using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol;

/// <summary>The two documents that strangers read: which keys sign, and where everything is.</summary>
[Collection(SharedHost.Name)]
public sealed class JwksTests(HostFixture host)
{
    const string JwksPath = "/.well-known/jwks";

    [Case(114)]
    [Fact]
    public async Task The_key_set_is_public_halves_named_by_their_thumbprints()
    {
        string? first = null;
        foreach (var node in host.Nodes)
        {
            using var response = await node.Client.GetAsync(JwksPath);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
            Assert.Equal("public, max-age=300", response.Headers.CacheControl!.ToString());
            var text = await response.Content.ReadAsStringAsync();
            Assert.Equal(first ??= text, text);

            var keys = JsonNode.Parse(text)!["keys"]!.AsArray();
            Assert.NotEmpty(keys);
            Assert.Equal(keys.Count, keys.Select(k => k!["kid"]!.GetValue<string>()).Distinct(StringComparer.Ordinal).Count());
            foreach (var key in keys)
            {
                // What is not in this list, such as d, p, q, dp, dq, qi or k, has no place in it.
                if (Text(key!, "kty") == "RSA")
                {
                    Assert.Equal(["alg", "e", "kid", "kty", "n", "use"], key!.AsObject().Select(m => m.Key).Order(StringComparer.Ordinal));
                    continue;
                }
                Assert.Equal(["alg", "crv", "kid", "kty", "use", "x", "y"], key!.AsObject().Select(m => m.Key).Order(StringComparer.Ordinal));
                Assert.Equal(("EC", "P-256", "sig", "ES256"), (Text(key, "kty"), Text(key, "crv"), Text(key, "use"), Text(key, "alg")));
                var thumbprint = $$"""{"crv":"P-256","kty":"EC","x":"{{Text(key, "x")}}","y":"{{Text(key, "y")}}"}""";
                Assert.Equal(Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(thumbprint))), Text(key, "kid"));
                Assert.Equal((32, 32), (Base64Url.DecodeFromChars(Text(key, "x")).Length, Base64Url.DecodeFromChars(Text(key, "y")).Length));
            }
        }
    }

    [Case(114)]
    [Fact]
    public async Task The_key_set_alone_is_enough_to_check_a_token()
    {
        var (username, _) = await host.Client.RegisterAsync();
        var segments = (await host.Client.AccessTokenAsync(username)).Split('.');
        using var response = await host.Client.GetAsync(JwksPath);
        var kid = Text(JsonNode.Parse(Base64Url.DecodeFromChars(segments[0]))!, "kid");
        var jwk = (await response.JsonAsync())["keys"]!.AsArray().Single(k => Text(k!, "kid") == kid)!;
        using var key = ECDsa.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            Q = new ECPoint { X = Base64Url.DecodeFromChars(Text(jwk, "x")), Y = Base64Url.DecodeFromChars(Text(jwk, "y")) },
        });
        Assert.True(key.VerifyData(Encoding.ASCII.GetBytes($"{segments[0]}.{segments[1]}"), Base64Url.DecodeFromChars(segments[2]), HashAlgorithmName.SHA256));
    }

    [Theory]
    [InlineData("/.well-known/openid-configuration")]
    [InlineData("/.well-known/oauth-authorization-server")]
    public async Task Discovery_says_exactly_what_is_expected(string path)
    {
        var expected = JsonNode.Parse(await File.ReadAllTextAsync(
            Path.Combine(Repository.Root, "IdentityHost.Tests/Protocol/openid-configuration.json"), TestContext.Current.CancellationToken))!.AsObject();
        foreach (var node in host.Nodes)
        {
            using var response = await node.Client.GetAsync(path);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal("public, max-age=300", response.Headers.CacheControl!.ToString());
            var found = await response.JsonAsync();
            Assert.Equal(expected.Select(m => m.Key).Order(StringComparer.Ordinal), found.Select(m => m.Key).Order(StringComparer.Ordinal));
            foreach (var (name, value) in expected)
                Assert.Equal($"{name}: {value!.ToJsonString()}", $"{name}: {found[name]!.ToJsonString()}");
        }
    }

    [Fact]
    public async Task What_discovery_names_is_there()
    {
        using var response = await host.Client.GetAsync("/.well-known/openid-configuration");
        var document = await response.JsonAsync();
        using var jwks = await host.Client.GetAsync(new Uri(Text(document, "jwks_uri")).AbsolutePath);
        Assert.Equal(HttpStatusCode.OK, jwks.StatusCode);
        using var token = await host.Client.PostAsync(new Uri(Text(document, "token_endpoint")).AbsolutePath, new FormUrlEncodedContent([]));
        // It is the token endpoint that answers: it misses a client.
        Assert.Equal(HttpStatusCode.Unauthorized, token.StatusCode);
    }

    [Theory]
    [InlineData(JwksPath)]
    [InlineData("/.well-known/openid-configuration")]
    [InlineData("/.well-known/oauth-authorization-server")]
    public async Task Head_has_the_headers_of_get_and_no_body(string path)
    {
        foreach (var node in host.Nodes)
        {
            using var get = await node.Client.GetAsync(path);
            using var head = await node.Client.SendAsync(new HttpRequestMessage(HttpMethod.Head, path));
            Assert.Equal(HttpStatusCode.OK, head.StatusCode);
            Assert.Equal(get.Content.Headers.ContentLength, head.Content.Headers.ContentLength);
            Assert.Equal(get.Headers.CacheControl!.ToString(), head.Headers.CacheControl!.ToString());
            Assert.Empty(await head.Content.ReadAsByteArrayAsync());
            using var post = await node.Client.PostAsync(path, null);
            Assert.Equal(HttpStatusCode.MethodNotAllowed, post.StatusCode);
        }
    }

    [Case(116)]
    [Fact]
    public async Task A_host_header_changes_no_url()
    {
        foreach (var node in host.Nodes)
        {
            var request = new HttpRequestMessage(HttpMethod.Get, "/.well-known/openid-configuration");
            request.Headers.Host = "evil.example";
            request.Headers.Add("X-Forwarded-Host", "evil.example");
            using var response = await node.Client.SendAsync(request);
            Assert.DoesNotContain("evil", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
    }

    static string Text(JsonNode json, string name) => json[name]!.GetValue<string>();
}
