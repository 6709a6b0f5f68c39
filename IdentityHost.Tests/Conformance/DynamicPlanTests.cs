using System.Buffers.Text;
using System.Net;
using System.Text.Json.Nodes;
using IdentityHost.Protocol.Keys;
using IdentityHost.Tests.Protocol.Clients;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Conformance;

/// <summary>
/// <c>oidcc-dynamic-certification-test-plan</c>, with <c>private_key_jwt</c> as the suite runs it. Which modules are left out, and why: <c>docs/conformance.md</c>.
/// </summary>
[Collection(ConformanceHost.Name)]
[Trait("Plan", "Dynamic OP")]
public sealed class DynamicPlanTests(ConformanceHost host)
{
    const string Callback = ConformanceHost.Callback;

    [Fact(DisplayName = "oidcc-idtoken-rs256")]
    public async Task IdTokenRs256()
    {
        var client = await ConformanceClient.WithKeyAsync(host, ("id_token_signed_response_alg", "RS256"));
        var granted = await client.FlowAsync(await Person.NewAsync(host));
        Assert.Equal("RS256", granted.Header["alg"]!.GetValue<string>());
    }

    [Fact(DisplayName = "oidcc-idtoken-unsigned")]
    public Task IdTokenUnsigned() => new BasicPlanTokenTests(host).IdTokenUnsigned();

    [Fact(DisplayName = "oidcc-userinfo-rs256")]
    public async Task UserInfoRs256()
    {
        Assert.Contains("RS256", ConfigPlanTests.Texts(await Metadata.ReadAsync(host), "userinfo_signing_alg_values_supported"));
        var client = await ConformanceClient.WithKeyAsync(host, ("userinfo_signed_response_alg", "RS256"));
        var granted = await client.FlowAsync(await Person.NewAsync(host));
        using var answer = await host.Client.GetAsync(await Metadata.PathAsync(host, "userinfo_endpoint"), granted.AccessToken);
        Assert.Equal((HttpStatusCode.OK, "application/jwt"), (answer.StatusCode, answer.Content.Headers.ContentType!.MediaType));
        var jwt = await answer.Content.ReadAsStringAsync();
        var (header, claims) = (IdTokenCheck.Part(jwt, 0), IdTokenCheck.Part(jwt, 1));
        await IdTokenCheck.SignedAsync(host, jwt, header);
        Assert.Equal("RS256", header["alg"]!.GetValue<string>());
        Assert.Equal((HostFixture.Issuer, client.ClientId, granted.Subject), (Text(claims, "iss"), Text(claims, "aud"), Text(claims, "sub")));
        Assert.False(claims.ContainsKey("nonce"));
    }

    [Fact(DisplayName = "oidcc-ensure-redirect-uri-in-authorization-request")]
    public async Task RedirectUriMissing()
    {
        var client = await ConformanceClient.WithKeyAsync(host, ("redirect_uris", new JsonArray(Callback, $"{Callback}2")));
        await StaysHereAsync(client, ("redirect_uri", null));
    }

    [Fact(DisplayName = "oidcc-redirect-uri-query-OK")]
    public async Task RedirectUriQueryOk()
    {
        var client = await ConformanceClient.WithKeyAsync(host, ("redirect_uris", new JsonArray($"{Callback}?foo=bar")));
        await client.UserInfoAsync(await client.FlowAsync(await Person.NewAsync(host)));
    }

    [Fact(DisplayName = "oidcc-redirect-uri-query-mismatch")]
    public async Task RedirectUriQueryMismatch()
    {
        var client = await ConformanceClient.WithKeyAsync(host, ("redirect_uris", new JsonArray($"{Callback}?foo=bar")));
        await StaysHereAsync(client, ("redirect_uri", $"{Callback}?foo=other"));
    }

    [Fact(DisplayName = "oidcc-redirect-uri-query-added")]
    public async Task RedirectUriQueryAdded() =>
        await StaysHereAsync(await ConformanceClient.WithKeyAsync(host), ("redirect_uri", $"{Callback}?foo=bar"));

    [Fact(DisplayName = "oidcc-redirect-uri-regfrag")]
    public Task RedirectUriFragment() => RegistrationRefusedAsync("invalid_redirect_uri", ("redirect_uris", new JsonArray($"{Callback}#fragment")));

    /// <summary>The conditions that do not ask for the implicit flow, which this server leaves out by decision.</summary>
    [Fact(DisplayName = "oidcc-discovery-endpoint-verification")]
    public Task DiscoveryEndpointVerification() => ConfigPlanTests.VerifyAsync(host);

    [Fact(DisplayName = "oidcc-server")]
    public async Task Server()
    {
        var person = await Person.NewAsync(host);
        foreach (var client in (ConformanceClient[])[await ConformanceClient.WithKeyAsync(host), await ConformanceClient.WithKeyAsync(host)])
            await client.UserInfoAsync(await client.FlowAsync(person));
    }

    /// <summary>In the suite somebody looks for the logo on the page. Ours load nothing from elsewhere, by decision; the rest holds.</summary>
    [Fact(DisplayName = "oidcc-registration-logo-uri")]
    public async Task RegistrationLogoUri()
    {
        var client = await ConformanceClient.WithKeyAsync(host, ("logo_uri", "https://rp.example/logo.png"));
        var arrival = await (await Person.NewAsync(host)).OpenAsync(client.Address());
        Assert.DoesNotContain("logo.png", arrival.Seen, StringComparison.Ordinal);
        await client.TradeAsync(client.CodeOf(arrival));
    }

    [Fact(DisplayName = "oidcc-registration-policy-uri")]
    public Task RegistrationPolicyUri() => ShownAsync("policy_uri", "https://rp.example/policy", "<a href=\"https://rp.example/policy\"");

    [Fact(DisplayName = "oidcc-registration-tos-uri")]
    public Task RegistrationTosUri() => ShownAsync("tos_uri", "https://rp.example/terms", "<a href=\"https://rp.example/terms\"");

    [Fact(DisplayName = "oidcc-registration-sector-uri")]
    public async Task RegistrationSectorUri()
    {
        await using var site = await JsonSite.StartAsync($"""["{Callback}","https://other.example/cb"]""");
        var client = await ConformanceClient.WithKeyAsync(host, ("subject_type", "pairwise"), ("sector_identifier_uri", $"{site.Address}/redirect_uris.json"));
        var person = await Person.NewAsync(host);
        var pairwise = await client.FlowAsync(person);
        await client.UserInfoAsync(pairwise);
        Assert.NotEqual(pairwise.Subject, (await ConformanceClient.Declared(host, ConformanceHost.First).FlowAsync(person)).Subject);
    }

    [Fact(DisplayName = "oidcc-registration-sector-bad")]
    public async Task RegistrationSectorBad()
    {
        await using var site = await JsonSite.StartAsync("""["https://other.example/cb"]""");
        await RegistrationRefusedAsync("invalid_client_metadata", ("subject_type", "pairwise"), ("sector_identifier_uri", $"{site.Address}/redirect_uris.json"));
    }

    [Fact(DisplayName = "oidcc-server-rotate-keys")]
    public async Task ServerRotateKeys()
    {
        var before = await Metadata.KeysAsync(host);
        await host.Nodes[0].Service<KeyRotation>().RotateAsync(atOnce: false, default);
        foreach (var node in host.Nodes)
        {
            await Eventually.TrueAsync(
                async () => (await (await node.Client.GetAsync("/.well-known/jwks")).JsonAsync())["keys"]!.AsArray().Count > before.Count, TimeSpan.FromSeconds(30));
        }
        var after = await Metadata.KeysAsync(host);
        var (old, added) = (before.Select(k => Text(k, "kid")).ToList(), after.Where(k => before.All(b => Text(b, "kid") != Text(k, "kid"))).ToList());
        Assert.Contains(added, k => Text(k, "kty") == "RSA");
        Assert.All(added, k => Assert.DoesNotContain(before, b => (b["n"] ?? b["x"])!.ToJsonString() == (k["n"] ?? k["x"])!.ToJsonString()));
        Assert.All(old, kid => Assert.Contains(after, k => Text(k, "kid") == kid));
    }

    [Fact(DisplayName = "oidcc-ensure-request-object-with-redirect-uri")]
    public async Task RequestObjectWithRedirectUri()
    {
        var client = await ConformanceClient.WithKeyAsync(host);
        var inside = $"{Base64Url.EncodeToString("""{"alg":"none"}"""u8)}.{Base64Url.EncodeToString("""{"redirect_uri":"https://rp.example/cb"}"""u8)}.";
        await StaysHereAsync(client, ("request", inside), ("redirect_uri", $"{Callback}_invalid"));
    }

    [Fact(DisplayName = "oidcc-refresh-token")]
    public async Task RefreshToken()
    {
        var client = await ConformanceClient.WithKeyAsync(
            host, ("grant_types", new JsonArray("authorization_code", "refresh_token")), ("scope", "openid offline_access"));
        var granted = await client.FlowAsync(await Person.NewAsync(host), ("scope", "openid offline_access"), ("prompt", "consent"));
        Assert.NotEqual("", await new BasicPlanTokenTests(host).RefreshAsync(client, granted, withScope: true));
    }

    [Fact(DisplayName = "oidcc-registration-jwks-uri")]
    public async Task RegistrationJwksUri()
    {
        using var key = new AssertionKey("RS256");
        await using var site = await JsonSite.StartAsync(AssertionKey.Set(key).ToJsonString());
        var client = await AtAsync(site, key);
        await client.UserInfoAsync(await client.FlowAsync(await Person.NewAsync(host)));
    }

    [Fact(DisplayName = "oidcc-refresh-token-rp-key-rotation")]
    public async Task RefreshTokenRpKeyRotation()
    {
        using var key = new AssertionKey("RS256");
        using var next = new AssertionKey("RS256");
        await using var site = await JsonSite.StartAsync(AssertionKey.Set(key).ToJsonString());
        var client = await AtAsync(site, key, ("grant_types", new JsonArray("authorization_code", "refresh_token")), ("scope", "openid offline_access"));
        var granted = await client.FlowAsync(await Person.NewAsync(host), ("scope", "openid offline_access"), ("prompt", "consent"));
        // The suite puts another key there and refreshes with it, at once.
        site.Document = AssertionKey.Set(next).ToJsonString();
        Assert.NotEqual("", await new BasicPlanTokenTests(host).RefreshAsync(client with { Key = next }, granted, withScope: true));
    }

    [Fact(DisplayName = "oidcc-ensure-client-assertion-with-iss-aud-succeeds")]
    public async Task ClientAssertionWithIssAud()
    {
        var client = await ConformanceClient.WithKeyAsync(host);
        var arrival = await (await Person.NewAsync(host)).OpenAsync(client.Address());
        var issuer = Text(await Metadata.ReadAsync(host), "issuer");
        using var answer = await host.Client.AssertedAsync(
            client.Key!.Assertion(client.ClientId, ("aud", issuer)),
            ("grant_type", "authorization_code"), ("code", client.CodeOf(arrival)), ("redirect_uri", client.RedirectUri));
        await client.UserInfoAsync(await IdTokenCheck.GrantedAsync(client, answer, client.Nonce));
    }

    async Task<ConformanceClient> AtAsync(JsonSite site, AssertionKey key, params (string Name, JsonNode? Value)[] members)
    {
        var client = await ConformanceClient.RegisteredAsync(
            host, null, [("token_endpoint_auth_method", "private_key_jwt"), ("jwks_uri", $"{site.Address}/jwks"), .. members]);
        return client with { Key = key };
    }

    /// <summary>A fresh sign-in, on whose pages the person finds what the application registered.</summary>
    async Task ShownAsync(string name, string value, string markup)
    {
        var client = await ConformanceClient.WithKeyAsync(host, (name, value));
        var arrival = await (await Person.NewAsync(host)).OpenAsync(client.Address());
        Assert.Contains(markup, arrival.Seen, StringComparison.Ordinal);
        await client.TradeAsync(client.CodeOf(arrival));
    }

    async Task StaysHereAsync(ConformanceClient client, params (string Name, string? Value)[] changes)
    {
        var arrival = await (await Person.NewAsync(host)).OpenAsync(client.Address(changes));
        Assert.Equal((null, HttpStatusCode.BadRequest), (arrival.Callback, arrival.Status));
        Assert.Contains("redirect_uri", arrival.Page, StringComparison.Ordinal);
    }

    async Task RegistrationRefusedAsync(string error, params (string Name, JsonNode? Value)[] members)
    {
        using var refused = await ConformanceClient.RegisterAsync(host, members);
        Assert.Equal("application/json", refused.Content.Headers.ContentType!.MediaType);
        Assert.Equal((HttpStatusCode.BadRequest, error), (refused.StatusCode, Text(await refused.JsonAsync(), "error")));
    }

    static string Text(JsonObject json, string name) => json[name]!.GetValue<string>();
}
