using System.Net;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Conformance;

/// <summary>The modules of the plans Basic and Form Post Basic that are about codes, tokens and what they tell.</summary>
public abstract class BasicTokenModules(ConformanceHost host, string? responseMode)
{
    /// <summary>Of the ~ 128 bits that nobody may guess (RFC 6749 §10.10), in base64url.</summary>
    const int ShortestSecret = 22;

    ConformanceClient First => ConformanceClient.Declared(host, ConformanceHost.First, responseMode);

    [Fact(DisplayName = "oidcc-server")]
    public async Task Server()
    {
        var person = await Person.NewAsync(host);
        foreach (var client in (ConformanceClient[])[First, ConformanceClient.Declared(host, ConformanceHost.Second, responseMode)])
        {
            var code = client.CodeOf(await person.OpenAsync(client.Address()));
            Assert.True(code.Length >= ShortestSecret);
            var granted = await client.TradeAsync(code);
            Assert.False(granted.Claims.ContainsKey("name"));
            await client.UserInfoAsync(granted);
        }
    }

    [Fact(DisplayName = "oidcc-server-client-secret-post")]
    public async Task ServerClientSecretPost()
    {
        var client = ConformanceClient.Declared(host, ConformanceHost.Posting, responseMode);
        await client.UserInfoAsync(await client.FlowAsync(await Person.NewAsync(host)));
    }

    [Fact(DisplayName = "oidcc-idtoken-signature")]
    public async Task IdTokenSignature()
    {
        var client = await ConformanceClient.RegisteredAsync(host, responseMode);
        var granted = await client.FlowAsync(await Person.NewAsync(host));
        Assert.Equal("RS256", granted.Header["alg"]!.GetValue<string>());
    }

    /// <summary>The suite leaves this one out where <c>none</c> is not advertised. Then it must not be had either.</summary>
    [Fact(DisplayName = "oidcc-idtoken-unsigned")]
    public async Task IdTokenUnsigned()
    {
        Assert.DoesNotContain("none", (await Metadata.ReadAsync(host))["id_token_signing_alg_values_supported"]!.AsArray().Select(a => a!.GetValue<string>()));
        using var refused = await ConformanceClient.RegisterAsync(host, ("id_token_signed_response_alg", "none"));
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_client_metadata"), (refused.StatusCode, (await refused.JsonAsync())["error"]!.GetValue<string>()));
    }

    [Fact(DisplayName = "oidcc-userinfo-get")]
    public async Task UserInfoGet() => await First.UserInfoAsync(await First.FlowAsync(await Person.NewAsync(host)));

    [Fact(DisplayName = "oidcc-userinfo-post-header")]
    public async Task UserInfoPostHeader()
    {
        var granted = await First.FlowAsync(await Person.NewAsync(host));
        using var answer = await host.Client.CallAsync(HttpMethod.Post, await Metadata.PathAsync(host, "userinfo_endpoint"), granted.AccessToken);
        await ConformanceClient.ToldAsync(granted, answer);
    }

    [Fact(DisplayName = "oidcc-userinfo-post-body")]
    public async Task UserInfoPostBody()
    {
        var granted = await First.FlowAsync(await Person.NewAsync(host));
        using var answer = await host.Client.PostAsync(
            await Metadata.PathAsync(host, "userinfo_endpoint"), new FormUrlEncodedContent([new("access_token", granted.AccessToken)]));
        await ConformanceClient.ToldAsync(granted, answer);
    }

    [Fact(DisplayName = "oidcc-ensure-request-without-nonce-succeeds-for-code-flow")]
    public async Task WithoutNonce()
    {
        var granted = await First.FlowAsync(await Person.NewAsync(host), ("nonce", null));
        Assert.False(granted.Claims.ContainsKey("nonce"));
    }

    [Fact(DisplayName = "oidcc-scope-profile")]
    public Task ScopeProfile() => ScopeAsync("openid profile");

    [Fact(DisplayName = "oidcc-scope-email")]
    public Task ScopeEmail() => ScopeAsync("openid email");

    [Fact(DisplayName = "oidcc-scope-address")]
    public Task ScopeAddress() => ScopeAsync("openid address");

    [Fact(DisplayName = "oidcc-scope-phone")]
    public Task ScopePhone() => ScopeAsync("openid phone");

    [Fact(DisplayName = "oidcc-scope-all")]
    public Task ScopeAll() => ScopeAsync("openid email phone address profile");

    [Fact(DisplayName = "oidcc-alternate-happy-flow")]
    public async Task AlternateHappyFlow()
    {
        var client = First;
        var person = await Person.NewAsync(host);
        var address = ConformanceClient.AddressOf(client.Parameters(("scope", "email openid")).OrderByDescending(p => p.Name, StringComparer.Ordinal));
        var granted = await client.TradeAsync(client.CodeOf(await person.OpenAsync(address)));
        Assert.Equal(ClaimTypes.Of("openid email"), (await client.UserInfoAsync(granted)).Select(c => c.Key).Order(StringComparer.Ordinal));
    }

    [Fact(DisplayName = "oidcc-claims-essential")]
    public async Task ClaimsEssential()
    {
        // The consent page asks for the scope that the claim comes with.
        var client = First;
        var granted = await client.FlowAsync(await Person.NewAsync(host), ("claims", """{"userinfo":{"name":{"essential":true}}}"""));
        Assert.Equal(Person.Name, (await client.UserInfoAsync(granted))["name"]!.GetValue<string>());
        Assert.False(granted.Claims.ContainsKey("name"));
    }

    [Fact(DisplayName = "oidcc-codereuse")]
    public async Task CodeReuse()
    {
        var client = First;
        var code = client.CodeOf(await (await Person.NewAsync(host)).OpenAsync(client.Address()));
        await client.TradeAsync(code);
        await RefusedAsync(client.RedeemAsync(code));
    }

    [Fact(DisplayName = "oidcc-codereuse-30seconds")]
    public async Task CodeReuseAfter30Seconds()
    {
        var client = First;
        var code = client.CodeOf(await (await Person.NewAsync(host)).OpenAsync(client.Address()));
        var granted = await client.TradeAsync(code);
        await client.UserInfoAsync(granted);
        await host.PassAsync(TimeSpan.FromSeconds(30));
        await RefusedAsync(client.RedeemAsync(code));
        await host.RefusedEverywhereAsync(async node =>
        {
            using var answer = await node.Client.GetAsync("/connect/userinfo", granted.AccessToken);
            return answer.StatusCode == HttpStatusCode.Unauthorized;
        });
    }

    [Fact(DisplayName = "oidcc-refresh-token")]
    public async Task RefreshToken()
    {
        var person = await Person.NewAsync(host);
        var (first, second) = (First, ConformanceClient.Declared(host, ConformanceHost.Second, responseMode));
        var ofFirst = await RefreshAsync(first, await first.FlowAsync(person, ("scope", "openid offline_access"), ("prompt", "consent")), withScope: true);
        Assert.NotEqual("", ofFirst);
        var ofSecond = await RefreshAsync(second, await second.FlowAsync(person, ("scope", "openid offline_access"), ("prompt", "consent")), withScope: false);
        await RefusedAsync(first.TokenAsync(("grant_type", "refresh_token"), ("refresh_token", ofSecond)));
        Assert.Contains("refresh_token", (await Metadata.ReadAsync(host))["grant_types_supported"]!.AsArray().Select(g => g!.GetValue<string>()));
    }

    /// <summary>Refreshes once, and holds the new ID token to OpenID Connect Core §12.2. Returns the refresh token that is good now.</summary>
    public async Task<string> RefreshAsync(ConformanceClient client, Granted granted, bool withScope)
    {
        var token = granted.Body["refresh_token"]!.GetValue<string>();
        Assert.True(token.Length >= ShortestSecret);
        Assert.All(token, c => Assert.InRange(c, '!', '~'));
        await host.PassAsync(TimeSpan.FromSeconds(1));
        using var answer = await client.TokenAsync(
            [("grant_type", "refresh_token"), ("refresh_token", token), .. withScope ? [("scope", "openid offline_access")] : Array.Empty<(string, string)>()]);
        var again = await IdTokenCheck.GrantedAsync(client, answer, nonce: null);
        Assert.NotEqual(granted.AccessToken, again.AccessToken);
        Assert.Equal((granted.Subject, granted.AuthTime), (again.Subject, again.AuthTime));
        Assert.True(again.Claims["iat"]!.GetValue<long>() > granted.Claims["iat"]!.GetValue<long>());
        await client.UserInfoAsync(again);
        return again.Body["refresh_token"]!.GetValue<string>();
    }

    async Task ScopeAsync(string scope)
    {
        var granted = await First.FlowAsync(await Person.NewAsync(host), ("scope", scope));
        Assert.Equal(ClaimTypes.Of(scope), (await First.UserInfoAsync(granted)).Select(c => c.Key).Order(StringComparer.Ordinal));
    }

    static async Task RefusedAsync(Task<HttpResponseMessage> request)
    {
        using var answer = await request;
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal("application/json", answer.Content.Headers.ContentType!.MediaType);
        var body = await answer.JsonAsync();
        Assert.Equal("invalid_grant", body["error"]!.GetValue<string>());
        Assert.All(body["error_description"]!.GetValue<string>(), c => Assert.True(c is ' ' or '!' or (>= '#' and <= '[') or (>= ']' and <= '~'), $"{(int)c}"));
    }
}
