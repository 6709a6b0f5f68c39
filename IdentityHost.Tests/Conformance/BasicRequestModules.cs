using System.Buffers.Text;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using IdentityHost.Tests.Protocol.Authorize;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Conformance;

/// <summary>The modules of the plans Basic and Form Post Basic that are about the authorization request.</summary>
public abstract class BasicRequestModules(ConformanceHost host, string? responseMode)
{
    /// <summary>Longer than most, so that one that is cut off or spoilt shows.</summary>
    static readonly string LongState = string.Concat(Enumerable.Range(0, 128).Select(i => (char)('A' + (i % 26))));

    ConformanceClient First => ConformanceClient.Declared(host, ConformanceHost.First, responseMode);

    [Fact(DisplayName = "oidcc-response-type-missing")]
    public async Task ResponseTypeMissing()
    {
        var client = First;
        var arrival = await (await Person.NewAsync(host)).OpenAsync(client.Address(("response_type", null)));
        client.RefusedWith(arrival, "invalid_request", "unsupported_response_type");
    }

    [Fact(DisplayName = "oidcc-display-page")]
    public Task DisplayPage() => SucceedsAsync(("display", "page"));

    [Fact(DisplayName = "oidcc-display-popup")]
    public Task DisplayPopup() => SucceedsAsync(("display", "popup"));

    [Fact(DisplayName = "oidcc-ensure-request-with-unknown-parameter-succeeds")]
    public Task UnknownParameter() => SucceedsAsync(("extra", "foobar"));

    [Fact(DisplayName = "oidcc-ui-locales")]
    public Task UiLocales() => SucceedsAsync(("ui_locales", "se"));

    [Fact(DisplayName = "oidcc-claims-locales")]
    public Task ClaimsLocales() => SucceedsAsync(("claims_locales", "se"));

    [Fact(DisplayName = "oidcc-login-hint")]
    public Task LoginHint() => SucceedsAsync(("login_hint", "buffy@localhost"));

    [Fact(DisplayName = "oidcc-ensure-request-with-acr-values-succeeds")]
    public async Task AcrValues()
    {
        var values = (await Metadata.ReadAsync(host))["acr_values_supported"]!.AsArray().Select(v => v!.GetValue<string>()).ToList();
        var granted = await SucceedsAsync(("acr_values", string.Join(' ', values)));
        Assert.Contains(granted.Claims["acr"]!.GetValue<string>(), values);
    }

    [Fact(DisplayName = "oidcc-ensure-request-with-valid-pkce-succeeds")]
    public async Task ValidPkce()
    {
        var client = First;
        var verifier = new string('v', 43);
        var address = client.Address(("code_challenge", RelyingParty.Challenge(verifier)), ("code_challenge_method", "S256"));
        await client.TradeAsync(client.CodeOf(await (await Person.NewAsync(host)).OpenAsync(address)), ("code_verifier", verifier));
    }

    [Fact(DisplayName = "oidcc-ensure-post-request-succeeds")]
    public async Task PostRequest()
    {
        var client = First;
        var arrival = await (await Person.NewAsync(host)).PostAsync(await Metadata.PathAsync(host, "authorization_endpoint"), [.. client.Parameters()]);
        await client.TradeAsync(client.CodeOf(arrival));
    }

    [Fact(DisplayName = "oidcc-ensure-registered-redirect-uri")]
    public async Task RegisteredRedirectUri() => StaysHere(await (await Person.NewAsync(host)).OpenAsync(First.Address(("redirect_uri", $"{ConformanceHost.Callback}/another"))));

    [Fact(DisplayName = "oidcc-prompt-login")]
    public async Task PromptLogin()
    {
        var person = await Person.NewAsync(host);
        var first = await First.FlowAsync(person);
        await host.PassAsync(TimeSpan.FromSeconds(1));
        var second = await AskedAgainAsync(person, ("prompt", "login"));
        Assert.True(second.AuthTime > first.AuthTime);
        Assert.Equal(first.Subject, second.Subject);
    }

    [Fact(DisplayName = "oidcc-prompt-none-not-logged-in")]
    public async Task PromptNoneNotLoggedIn()
    {
        var client = First;
        var person = await Person.NewAsync(host);
        var arrival = await person.OpenAsync(client.Address(("prompt", "none"), ("state", LongState)));
        client.RefusedWith(arrival, "login_required", "interaction_required", "consent_required", "account_selection_required");
        Assert.Empty(arrival.Asked);
    }

    [Fact(DisplayName = "oidcc-prompt-none-logged-in")]
    public async Task PromptNoneLoggedIn()
    {
        var person = await Person.NewAsync(host);
        Same(await First.FlowAsync(person), await SilentAsync(person));
    }

    [Case(11)]
    [Fact(DisplayName = "oidcc-max-age-1")]
    public async Task MaxAge1()
    {
        var person = await Person.NewAsync(host);
        var first = await First.FlowAsync(person);
        await host.PassAsync(TimeSpan.FromSeconds(2));
        var second = await AskedAgainAsync(person, ("max_age", "1"));
        Assert.True(second.AuthTime > first.AuthTime);
        var now = await host.NowAsync();
        Assert.InRange(DateTimeOffset.FromUnixTimeSeconds(second.AuthTime), now - TimeSpan.FromMinutes(1), now + TimeSpan.FromSeconds(1));
    }

    [Fact(DisplayName = "oidcc-max-age-10000")]
    public async Task MaxAge10000()
    {
        var client = First;
        var person = await Person.NewAsync(host);
        var first = await client.FlowAsync(person, ("max_age", "15000"));
        await host.PassAsync(TimeSpan.FromSeconds(1));
        var arrival = await person.OpenAsync(client.Address(("max_age", 10000.ToString(CultureInfo.InvariantCulture))));
        Assert.Empty(arrival.Asked);
        Same(first, await client.TradeAsync(client.CodeOf(arrival)));
    }

    [Case(11)]
    [Fact(DisplayName = "oidcc-id-token-hint")]
    public async Task IdTokenHint()
    {
        var person = await Person.NewAsync(host);
        var first = await First.FlowAsync(person);
        Same(first, await SilentAsync(person, ("id_token_hint", first.IdToken)));
        // The other half of §3.1.2.1: not for somebody else, whether they are signed in or sign in now.
        var client = First;
        var other = await Person.NewAsync(host);
        await client.FlowAsync(other);
        client.RefusedWith(await other.OpenAsync(client.Address(("prompt", "none"), ("id_token_hint", first.IdToken))), "login_required");
        var arrival = await other.OpenAsync(client.Address(("id_token_hint", first.IdToken)));
        Assert.Equal(["/sign-in"], arrival.Asked);
        client.RefusedWith(arrival, "login_required");
        // Nor by a hint that is not of this application, or of nobody.
        var second = ConformanceClient.Declared(host, ConformanceHost.Second, responseMode);
        await second.FlowAsync(person);
        second.RefusedWith(await person.OpenAsync(second.Address(("prompt", "none"), ("id_token_hint", first.IdToken))), "login_required");
        foreach (var hint in (string[])["x", first.AccessToken, $"{first.IdToken}x"])
            client.RefusedWith(await person.OpenAsync(client.Address(("prompt", "none"), ("id_token_hint", hint))), "login_required");
    }

    /// <summary>By the suite's rules either supported or refused by this very error; here refused, by decision.</summary>
    [Fact(DisplayName = "oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported")]
    public async Task RequestUriUnsigned()
    {
        // response_mode and state are inside the object, so the answer travels by the default and without one.
        var client = await ConformanceClient.RegisteredAsync(host, null, ("request_uris", new JsonArray("https://rp.example/request.jwt#1")));
        var arrival = await (await Person.NewAsync(host)).OpenAsync(client.Address(("request_uri", "https://rp.example/request.jwt#1"), ("state", null), ("nonce", null)));
        client.RefusedWith(arrival, "request_uri_not_supported");
        Assert.False((await Metadata.ReadAsync(host))["request_uri_parameter_supported"]!.GetValue<bool>());
    }

    [Fact(DisplayName = "oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported")]
    public async Task RequestUnsigned()
    {
        var client = ConformanceClient.Declared(host, ConformanceHost.First);
        var inside = Unsigned(client);
        var arrival = await (await Person.NewAsync(host)).OpenAsync(client.Address(("request", inside), ("state", null), ("nonce", null)));
        client.RefusedWith(arrival, "request_not_supported");
        Assert.False((await Metadata.ReadAsync(host))["request_parameter_supported"]!.GetValue<bool>());
    }

    [Fact(DisplayName = "oidcc-ensure-request-object-with-redirect-uri")]
    public async Task RequestObjectWithRedirectUri()
    {
        var client = ConformanceClient.Declared(host, ConformanceHost.First);
        var inside = Unsigned(client);
        StaysHere(await (await Person.NewAsync(host)).OpenAsync(
            client.Address(("request", inside), ("redirect_uri", $"{ConformanceHost.Callback}_invalid"), ("state", null), ("nonce", null))));
    }

    async Task<Granted> SucceedsAsync(params (string Name, string? Value)[] changes)
    {
        var client = First;
        var granted = await client.FlowAsync(await Person.NewAsync(host), changes);
        await client.UserInfoAsync(granted);
        return granted;
    }

    /// <summary>A second request that must show the sign-in page again.</summary>
    async Task<Granted> AskedAgainAsync(Person person, (string Name, string? Value) change)
    {
        var client = First;
        var arrival = await person.OpenAsync(client.Address(change));
        Assert.Equal(["/sign-in"], arrival.Asked);
        return await client.TradeAsync(client.CodeOf(arrival));
    }

    /// <summary>A second request with <c>prompt=none</c>, which must show nothing.</summary>
    async Task<Granted> SilentAsync(Person person, params (string Name, string? Value)[] changes)
    {
        var client = First;
        await host.PassAsync(TimeSpan.FromSeconds(1));
        var arrival = await person.OpenAsync(client.Address([("prompt", "none"), .. changes]));
        Assert.Empty(arrival.Asked);
        return await client.TradeAsync(client.CodeOf(arrival));
    }

    /// <summary>The same person by the same sign-in.</summary>
    static void Same(Granted first, Granted second) => Assert.Equal((first.Subject, first.AuthTime), (second.Subject, second.AuthTime));

    /// <summary>An error that people see here, and nobody is sent on with.</summary>
    static void StaysHere(Arrival arrival)
    {
        Assert.Null(arrival.Callback);
        Assert.Equal(HttpStatusCode.BadRequest, arrival.Status);
        Assert.Contains("redirect_uri", arrival.Page, StringComparison.Ordinal);
    }

    /// <summary>A request object with <c>alg: none</c> (OpenID Connect Core §6.1).</summary>
    static string Unsigned(ConformanceClient client)
    {
        var claims = new JsonObject();
        foreach (var (name, value) in client.Parameters())
            claims[name] = value;
        return $"{Base64Url.EncodeToString("""{"alg":"none"}"""u8)}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims.ToJsonString()))}.";
    }
}
