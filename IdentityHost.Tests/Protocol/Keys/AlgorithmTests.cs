using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol.Keys;

/// <summary>RS256 for those who know nothing else (RFC 7518 §3.3).</summary>
public sealed class AlgorithmTests(RsaHost host) : IClassFixture<RsaHost>
{
    [Case(114)]
    [Fact]
    public async Task A_token_of_an_RS256_host_is_signed_by_a_published_RSA_key_and_accepted_everywhere()
    {
        var (username, _) = await host.Client.RegisterAsync();
        foreach (var node in host.Nodes)
        {
            var token = await node.Client.AccessTokenAsync(username);
            var segments = token.Split('.');
            var header = JsonNode.Parse(Base64Url.DecodeFromChars(segments[0]))!;
            Assert.Equal(("at+jwt", "RS256"), (Text(header, "typ"), Text(header, "alg")));

            var keys = JsonNode.Parse((await KeysHost.JwksAsync(node)).Text)!["keys"]!.AsArray();
            var jwk = Assert.Single(keys)!;
            Assert.Equal(["alg", "e", "kid", "kty", "n", "use"], jwk.AsObject().Select(m => m.Key).Order(StringComparer.Ordinal));
            Assert.Equal(("RSA", "RS256", "sig", Text(header, "kid")), (Text(jwk, "kty"), Text(jwk, "alg"), Text(jwk, "use"), Text(jwk, "kid")));
            var thumbprint = $$"""{"e":"{{Text(jwk, "e")}}","kty":"RSA","n":"{{Text(jwk, "n")}}"}""";
            Assert.Equal(Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(thumbprint))), Text(jwk, "kid"));
            var modulus = Base64Url.DecodeFromChars(Text(jwk, "n"));
            Assert.Equal(256, modulus.Length);
            using var rsa = RSA.Create(new RSAParameters { Modulus = modulus, Exponent = Base64Url.DecodeFromChars(Text(jwk, "e")) });
            Assert.True(rsa.VerifyData(
                Encoding.ASCII.GetBytes($"{segments[0]}.{segments[1]}"), Base64Url.DecodeFromChars(segments[2]), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));

            foreach (var other in host.Nodes)
            {
                using var answer = await other.Client.GetAsync("/users/current", token);
                Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            }
        }
        await host.AllAcceptAsync((await KeysHost.IssueAsync(host.Nodes[0])).Token);
    }

    static string Text(JsonNode json, string name) => json[name]!.GetValue<string>();
}

/// <summary>The setting changes while the host serves, one node after the other.</summary>
public sealed class AlgorithmChangeTests(KeysHost host) : IClassFixture<KeysHost>
{
    [Fact]
    public async Task The_new_algorithm_is_announced_and_tokens_of_both_are_accepted_until_the_old_chain_ends()
    {
        var old = await host.SigningAsync();
        var before = (await KeysHost.IssueAsync(host.Nodes[0])).Token;
        await using var changed = await HostNode.StartAsync(host.ConnectionString, [new("Tokens:AccessTokenAlgorithm", "RS256"), new("Tokens:IdTokenAlgorithms", "RS256")]);

        // Announced as any other: resource servers know only what they have fetched.
        var rsa = Assert.Single(await host.ListAsync(), k => k.Algorithm == "RS256");
        Assert.Equal(IdentityHost.Protocol.Keys.KeyStage.Announced, rsa.Stage);
        await host.NodesFollowAsync();
        var (kid, algorithm, token) = await KeysHost.IssueAsync(changed);
        Assert.Equal((old.Kid, "ES256"), (kid, algorithm));
        await host.AllAcceptAsync(token);
        Assert.True(await KeysHost.AcceptsAsync(changed, before));

        // Active: each node signs as it is told, and takes what the other signed.
        await GoToAsync(rsa.ActivatesAt - TimeSpan.FromMinutes(5), changed);
        before = (await KeysHost.IssueAsync(changed)).Token;
        await GoToAsync(rsa.ActivatesAt, changed);
        (kid, algorithm, token) = await KeysHost.IssueAsync(changed);
        Assert.Equal((rsa.Kid, "RS256"), (kid, algorithm));
        await host.AllAcceptAsync(token);
        (kid, _, token) = await KeysHost.IssueAsync(host.Nodes[1]);
        Assert.Equal(old.Kid, kid);
        Assert.True(await KeysHost.AcceptsAsync(changed, token));
        Assert.True(await KeysHost.AcceptsAsync(changed, before));

        // Nobody asks for ES256 any more: its last key ends with its life, without a successor.
        foreach (var node in host.Nodes)
            await node.App.StopAsync();
        var end = old.ActivatesAt + KeysHost.Lifetime;
        await GoToAsync(end - KeysHost.Announce, changed);
        var rotation = changed.Service<IdentityHost.Protocol.Keys.KeyRotation>();
        await rotation.RunAsync(default);
        Assert.Equal(["ES256 Signing", "RS256 Signing"], (await rotation.ListAsync(default)).Select(k => $"{k.Algorithm} {k.Stage}"));
        await GoToAsync(end, changed);
        await rotation.RunAsync(default);
        Assert.Equal(["ES256 Retired", "RS256 Announced", "RS256 Signing"], (await rotation.ListAsync(default)).Select(k => $"{k.Algorithm} {k.Stage}").Order(StringComparer.Ordinal));
        await GoToAsync(end + TimeSpan.FromMinutes(12), changed);
        await rotation.RunAsync(default);
        Assert.DoesNotContain(await rotation.ListAsync(default), k => k.Algorithm == "ES256");
    }

    async Task GoToAsync(DateTimeOffset time, HostNode more)
    {
        await host.GoToAsync(time);
        await more.Service<IdentityHost.Data.DatabaseClock>().SynchronizeAsync();
    }
}
