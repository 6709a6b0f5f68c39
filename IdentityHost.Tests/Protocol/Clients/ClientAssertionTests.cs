using System.Text.Json.Nodes;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol.Clients;

/// <summary><c>private_key_jwt</c> (RFC 7523 §3): what is taken as an application's proof, once, and what is not.</summary>
public sealed class ClientAssertionTests(AssertionHost host) : IClassFixture<AssertionHost>
{
    const string TokenUrl = HostFixture.Issuer + "/connect/token";

    [Fact]
    public async Task Each_algorithm_works_on_both_nodes()
    {
        foreach (var node in host.Nodes)
        {
            foreach (var (id, key) in new[] { ("ec", host.Ec), ("rsa", host.Rsa), ("pss", host.Pss), ("several", host.Rsa), ("several", host.Ec) })
                await node.Client.AssertedAsync(key.Assertion(id)).GrantedAsync();
        }
    }

    [Fact]
    public async Task It_is_one_statement_more_and_nothing_else()
    {
        var node = host.Nodes[0];
        await node.Client.AssertedAsync(host.Ec.Assertion("ec")).GrantedAsync();
        using var counter = new SqlCounter();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/connect/token")
        {
            Content = new FormUrlEncodedContent(
                [new("grant_type", "client_credentials"), new("client_assertion_type", AssertionKey.Type), new("client_assertion", host.Ec.Assertion("ec"))]),
        };
        request.Headers.TryAddWithoutValidation("traceparent", counter.TraceParent);
        await node.Client.SendAsync(request).GrantedAsync();
        await counter.RequestEndedAsync();
        Assert.Equal(["INSERT"], counter.Statements.Select(s => s.Kind));
    }

    /// <summary>What libraries write differently, and RFC 7523 leaves open.</summary>
    [Fact]
    public async Task Other_ways_to_write_it_are_taken()
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        await host.Client.AssertedAsync(host.Ec.Sign(host.Ec.Header(("typ", "JWT")), AssertionKey.Claims("ec"))).GrantedAsync();
        await host.Client.AssertedAsync(host.Ec.Sign(host.Ec.Header(("typ", "jwt")), AssertionKey.Claims("ec"))).GrantedAsync();
        await host.Client.AssertedAsync(host.Ec.Sign(host.Ec.Header(("typ", "client-authentication+jwt")), AssertionKey.Claims("ec"))).GrantedAsync();
        await host.Client.AssertedAsync(host.Ec.Sign(host.Ec.Header(("kid", null)), AssertionKey.Claims("ec"))).GrantedAsync();
        await host.Client.AssertedAsync(host.Ec.Assertion("ec", ("iat", null), ("nbf", now - 1), ("exp", now + 3600))).GrantedAsync();
        await host.Client.AssertedAsync(host.Ec.Assertion("ec", ("exp", now + 30.5))).GrantedAsync();
        await host.Client.AssertedAsync(host.Ec.Assertion("ec"), ("grant_type", "client_credentials"), ("client_id", "ec")).GrantedAsync();
    }

    [Fact]
    public async Task Every_endpoint_for_clients_takes_it()
    {
        var token = (await host.Client.AssertedAsync(host.Ec.Assertion("ec")).GrantedAsync())["access_token"]!.GetValue<string>();
        foreach (var (path, expected) in new[] { ("/connect/introspect", "{\"active\":true"), ("/connect/revoke", "") })
        {
            using var answer = await host.Client.PostAsync(new Uri(path, UriKind.Relative), new FormUrlEncodedContent(
                [new("client_assertion_type", AssertionKey.Type), new("client_assertion", host.Ec.Assertion("ec")), new("token", token)]));
            Assert.True(answer.IsSuccessStatusCode, $"{path}: {(int)answer.StatusCode}");
            Assert.StartsWith(expected, await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
    }

    [Fact]
    [Case(63)]
    public async Task A_secret_or_a_foreign_name_beside_it_is_refused()
    {
        foreach (var node in host.Nodes)
        {
            await node.Client.TokenAsync(("grant_type", "client_credentials"), ("client_id", "ec"), ("client_secret", ClientsHost.Secret)).NoClientAsync();
            await node.Client.BasicAsync($"ec:{ClientsHost.Secret}", ("grant_type", "client_credentials")).NoClientAsync();
            await node.Client.TokenAsync(("grant_type", "client_credentials"), ("client_id", "ec")).NoClientAsync();
            await node.Client.AssertedAsync(host.Ec.Assertion("ec"), ("grant_type", "client_credentials"), ("client_id", "rsa")).NoClientAsync();
            await node.Client.AssertedAsync(host.Ec.Assertion("ec"), ("grant_type", "client_credentials"), ("client_secret", ClientsHost.Secret)).RefusedAsync("invalid_request");
            await node.Client.BasicAsync(
                $"ec:{ClientsHost.Secret}", ("grant_type", "client_credentials"), ("client_assertion_type", AssertionKey.Type), ("client_assertion", host.Ec.Assertion("ec")))
                .RefusedAsync("invalid_request");
        }
        // The same application's assertion at one that is declared for a secret, for nothing, and disabled.
        foreach (var other in (string[])["demo-service", "demo", "gone", "identityhost", "nobody"])
            await host.Client.AssertedAsync(host.Ec.Assertion(other)).NoClientAsync();
    }

    [Fact]
    public async Task Half_of_it_is_an_invalid_request()
    {
        var assertion = host.Ec.Assertion("ec");
        await host.Client.TokenAsync(("grant_type", "client_credentials"), ("client_assertion", assertion)).RefusedAsync("invalid_request");
        await host.Client.TokenAsync(("grant_type", "client_credentials"), ("client_assertion_type", AssertionKey.Type), ("client_id", "ec")).RefusedAsync("invalid_request");
        await host.Client.TokenAsync(
            ("grant_type", "client_credentials"), ("client_assertion", assertion), ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"))
            .RefusedAsync("invalid_request");
        // None of them used it up.
        await host.Client.AssertedAsync(assertion).GrantedAsync();
    }

    [Fact]
    [Case(64)]
    public async Task It_is_taken_once_on_whichever_node()
    {
        var assertion = host.Ec.Assertion("ec");
        await host.Nodes[0].Client.AssertedAsync(assertion).GrantedAsync();
        foreach (var node in host.Nodes)
            await node.Client.AssertedAsync(assertion).NoClientAsync();
        // The jti is what counts, not the text; another application's is another.
        await host.Nodes[1].Client.AssertedAsync(host.Ec.Assertion("ec", ("jti", "one"))).GrantedAsync();
        await host.Nodes[0].Client.AssertedAsync(host.Ec.Assertion("ec", ("jti", "one"), ("iat", null))).NoClientAsync();
        await host.Nodes[0].Client.AssertedAsync(host.Rsa.Assertion("rsa", ("jti", "one"))).GrantedAsync();
    }

    [Fact]
    [Case(64)]
    public async Task A_request_that_fails_afterwards_has_used_it()
    {
        var assertion = host.Ec.Assertion("ec");
        await host.Client.AssertedAsync(assertion, ("grant_type", "refresh_token"), ("refresh_token", "x")).RefusedAsync("unauthorized_client");
        await host.Client.AssertedAsync(assertion).NoClientAsync();
    }

    [Fact]
    [Case(65)]
    public async Task What_it_must_say_is_not_optional()
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        (string, JsonNode?)[] wrong =
        [
            ("exp", null), ("jti", null), ("iss", null), ("sub", null), ("aud", null),
            ("exp", now - 120), ("exp", now + (10 * 365 * 86_400)), ("exp", now + 7200), ("exp", "soon"), ("exp", 1e300), ("exp", -1), ("exp", $"{now + 60}"),
            ("nbf", now + 120), ("iat", now + 120), ("iat", "now"), ("nbf", -5),
            ("jti", ""), ("jti", 5), ("jti", new string('j', 257)),
            ("iss", "rsa"), ("iss", HostFixture.Issuer), ("sub", "rsa"), ("sub", ""), ("sub", "ec\0"), ("sub", new string('s', 5000)),
            ("aud", new JsonArray(HostFixture.Issuer)), ("aud", new JsonObject()), ("aud", 1), ("aud", ""),
        ];
        foreach (var claim in wrong)
            await host.Client.AssertedAsync(host.Ec.Assertion("ec", claim)).NoClientAsync();
    }

    [Fact]
    [Case(66)]
    public async Task Only_the_issuer_is_its_audience()
    {
        foreach (var audience in (JsonNode[])
            [
                "https://other.example/token", "https://other.example", TokenUrl, HostFixture.Issuer + "/", HostFixture.Issuer.ToUpperInvariant(),
                new JsonArray(HostFixture.Issuer, "https://other.example"), new JsonArray(TokenUrl, HostFixture.Issuer),
            ])
            await host.Client.AssertedAsync(host.Ec.Assertion("ec", ("aud", audience))).NoClientAsync();
    }

    [Fact]
    [Case(67)]
    public async Task The_header_chooses_among_the_keys_we_have_and_nothing_else()
    {
        using var listener = new SilentListener();
        using var stranger = new AssertionKey("ES256", host.Ec.KeyId);
        var claims = () => AssertionKey.Claims("ec");
        var inside = $"http://127.0.0.1:{listener.Port}/keys";
        var none = new JsonObject { ["alg"] = "none" }.ToJsonString();
        string[] wrong =
        [
            HostTokens.Sign(none, claims().ToJsonString(), _ => []),
            HostTokens.Sign(none, claims().ToJsonString(), _ => [1]),
            .. Hmac("HS256", System.Text.Encoding.UTF8.GetBytes(host.Ec.Jwk().ToJsonString())),
            .. Hmac("HS256", System.Text.Encoding.UTF8.GetBytes(host.Ec.Jwk()["x"]!.GetValue<string>())),
            stranger.Sign(stranger.Header(), claims()),
            stranger.Sign(stranger.Header(("jwk", stranger.Jwk())), claims()),
            host.Ec.Sign(host.Ec.Header(("jku", inside)), claims()),
            host.Ec.Sign(host.Ec.Header(("x5u", inside)), claims()),
            host.Ec.Sign(host.Ec.Header(("jwk", host.Ec.Jwk())), claims()),
            host.Ec.Sign(host.Ec.Header(("x5c", new JsonArray("MIIB"))), claims()),
            host.Ec.Sign(host.Ec.Header(("crit", new JsonArray("exp"))), claims()),
            host.Ec.Sign(host.Ec.Header(("b64", false)), claims()),
            host.Ec.Sign(host.Ec.Header(("kid", "another")), claims()),
            host.Ec.Sign(host.Ec.Header(("kid", "\ud800")), claims()),
            host.Ec.Sign(host.Ec.Header(("alg", "ES384")), claims()),
            host.Ec.Sign(host.Ec.Header(("alg", "RS256")), claims()),
            host.Ec.Sign(host.Ec.Header(("alg", null)), claims()),
            // Of another kind: an access token, an ID token for somebody, a logout token, a DPoP proof.
            .. ((string[])["at+jwt", "logout+jwt", "dpop+jwt", "token-introspection+jwt"]).Select(typ => host.Ec.Sign(host.Ec.Header(("typ", typ)), claims())),
            // The right key by an algorithm that is not the application's.
            host.Pss.Sign(host.Pss.Header(("alg", "RS256")), AssertionKey.Claims("pss")),
            host.Rsa.Sign(host.Rsa.Header(("kid", null)), AssertionKey.Claims("twins")),
            "", ".", "..", "a.b.c", host.Ec.Assertion("ec") + ".", host.Ec.Assertion("ec") + "=", new string('x', 9000),
        ];
        foreach (var assertion in wrong.Where(a => a.Length > 0))
            await host.Client.AssertedAsync(assertion).NoClientAsync();
        Assert.False(listener.WasCalled);

        IEnumerable<string> Hmac(string algorithm, byte[] key) =>
            [HostTokens.Sign(host.Ec.Header(("alg", algorithm)).ToJsonString(), claims().ToJsonString(), data => System.Security.Cryptography.HMACSHA256.HashData(key, data))];
    }

    [Fact]
    public async Task A_changed_byte_anywhere_is_refused()
    {
        var assertion = host.Ec.Assertion("ec");
        for (var i = 0; i < assertion.Length; i += 17)
        {
            var changed = assertion[..i] + (assertion[i] == 'A' ? 'B' : 'A') + assertion[(i + 1)..];
            await host.Client.AssertedAsync(changed).NoClientAsync();
        }
        await host.Client.AssertedAsync(assertion).GrantedAsync();
    }
}
