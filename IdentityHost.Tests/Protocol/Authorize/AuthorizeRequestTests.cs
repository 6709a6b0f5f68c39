using System.Net;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol.Authorize;

/// <summary>What an authorization request may say, parameter by parameter.</summary>
[Collection(AuthorizeHost.Name)]
public sealed class AuthorizeRequestTests(AuthorizeHost host)
{
    readonly RelyingParty _app = new(host, AuthorizeHost.Own);

    [Fact]
    [Case(1)]
    public async Task An_unknown_application_is_told_to_the_person()
    {
        foreach (var id in new[] { null, "", "nobody", "OWN", "own ", "own\u0000", new string('a', 5000), "' or 1=1 --" })
            await host.ShowsErrorPageAsync(_app.Address(("client_id", id)));
        await host.ChangeApplicationAsync(AuthorizeHost.Plain, "enabled = false");
        await host.ShowsErrorPageAsync(new RelyingParty(host, AuthorizeHost.Plain).Address(("scope", null)));
        await host.ChangeApplicationAsync(AuthorizeHost.Plain, "enabled = true");
    }

    [Theory]
    [InlineData(null, "invalid_request")]
    [InlineData("", "invalid_request")]
    [InlineData("foo", "unsupported_response_type")]
    [Case(2)]
    [InlineData("token", "unsupported_response_type")]
    [InlineData("id_token token", "unsupported_response_type")]
    [InlineData("id_token", "unsupported_response_type")]
    [InlineData("code id_token", "unsupported_response_type")]
    [InlineData("code token", "unsupported_response_type")]
    [InlineData("CODE", "unsupported_response_type")]
    [InlineData("none", "unsupported_response_type")]
    [Case(3)]
    public async Task Only_a_code_can_be_asked_for(string? type, string error)
    {
        var (tab, _, _) = await _app.PersonAsync();
        await host.RefusesAsync(_app, error, _app.Address(("response_type", type)), tab);
    }

    [Fact]
    [Case(5)]
    public async Task Twice_the_application_or_its_address_is_a_page()
    {
        const string Evil = "https://evil.example/cb";
        await host.ShowsErrorPageAsync(_app.Address(("redirect_uri+", Evil)));
        await host.ShowsErrorPageAsync(_app.Address(("redirect_uri", Evil), ("redirect_uri+", AuthorizeHost.Callback)));
        await host.ShowsErrorPageAsync(_app.Address(("redirect_uri+", AuthorizeHost.Callback)));
        await host.ShowsErrorPageAsync(_app.Address(("client_id+", AuthorizeHost.Web)));
        await host.ShowsErrorPageAsync(_app.Address(("client_id", AuthorizeHost.Web), ("client_id+", AuthorizeHost.Own)));
        // One in the query and one in the body.
        foreach (var extra in new[] { $"redirect_uri={Uri.EscapeDataString(Evil)}", "client_id=web" })
        {
            using var answer = await new Tab(host).SendAsync(HttpMethod.Post, "/connect/authorize?" + extra, [.. _app.Parameters()]);
            await AuthorizeAnswers.IsErrorPageAsync(answer, extra);
        }
    }

    [Theory]
    [InlineData("scope", "openid")]
    [InlineData("nonce", "x")]
    [InlineData("code_challenge", "x")]
    [InlineData("response_mode", "query")]
    [InlineData("prompt", "login")]
    [InlineData("foo", "1")]
    [InlineData("state", "x")]
    [Case(6)]
    public async Task Twice_any_other_parameter_is_told_to_the_application(string name, string value) => await host.RefusesAsync(
        _app, "invalid_request", _app.Address(($"{name}+", value), ($"{name}+", value)), state: name == "state" ? "" : null);

    [Fact]
    [Case(7)]
    public async Task Empty_is_absent_and_unknown_is_ignored()
    {
        var plain = new RelyingParty(host, AuthorizeHost.Plain);
        var (tab, _, _) = await plain.PersonAsync();
        var members = RelyingParty.Members(await RelyingParty.ArriveAsync(tab, plain.Address(("scope", ""), ("state", ""), ("foo", "bar"), ("redirect_uri+", ""), ("nonce", ""))));
        Assert.False(members.ContainsKey("state"));
        var tokens = await plain.RedeemAsync(host.Client, members["code"]).GrantedAsync();
        Assert.Equal("users:self", tokens["scope"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("openid nobody:knows")]
    [InlineData("openid profile")]
    [InlineData("openid users:manage")]
    [InlineData("OPENID")]
    [InlineData("openid\tusers:self")]
    [InlineData("openid,users:self")]
    [InlineData("  ")]
    [Case(8)]
    public async Task A_scope_that_the_application_may_not_have_is_refused(string scope)
    {
        var (tab, _, _) = await _app.PersonAsync();
        await host.RefusesAsync(_app, "invalid_scope", _app.Address(("scope", scope)), tab);
        await host.RefusesAsync(_app, "invalid_scope", _app.Address(("scope", scope + string.Concat(Enumerable.Repeat(" a", 1000)))), tab);
    }

    [Theory]
    [InlineData("request_uri", "http://169.254.169.254/x", "request_uri_not_supported")]
    [InlineData("request_uri", "file:///etc/passwd", "request_uri_not_supported")]
    [InlineData("request_uri", "urn:ietf:params:oauth:request_uri:x", "request_uri_not_supported")]
    [Case(12)]
    [InlineData("request", "eyJhbGciOiJub25lIn0.e30.", "request_not_supported")]
    [InlineData("request", "eyJhbGciOiJSUzI1NiJ9.e30.AAAA", "request_not_supported")]
    [InlineData("request", "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..AAAA.e30.AAAA", "request_not_supported")]
    [InlineData("request", "{}", "request_not_supported")]
    [Case(13)]
    public async Task Parameters_in_an_object_or_behind_an_address_are_not_read(string name, string value, string error) =>
        await host.RefusesAsync(_app, error, _app.Address((name, value)));

    [Fact]
    [Case(12)]
    public async Task Nobody_is_called()
    {
        using var listener = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await host.RefusesAsync(_app, "request_uri_not_supported", _app.Address(("request_uri", $"http://{listener.LocalEndpoint}/x")));
        await Task.Delay(100);
        Assert.False(listener.Pending());
    }

    [Theory]
    [InlineData("web_message")]
    [InlineData("query.jwt")]
    [InlineData("FORM_POST")]
    [Case(14)]
    public async Task An_unknown_way_back_is_told_by_the_plain_one(string mode) =>
        await host.RefusesAsync(_app, "invalid_request", _app.Address(("response_mode", mode)));

    [Theory]
    [InlineData("\r\nSet-Cookie:x=1")]
    [InlineData("\"><svg onload=alert(1)>")]
    [InlineData("&code=evil&iss=https://evil.example#")]
    [InlineData("日本語 😀 \u202e")]
    [Case(16)]
    public async Task State_comes_back_as_it_was_and_nothing_else_with_it(string state)
    {
        var (tab, _, _) = await _app.PersonAsync();
        foreach (var mode in new[] { "query", "fragment" })
        {
            using var answer = await tab.GetAsync(_app.Address(("state", state), ("response_mode", mode)));
            var location = answer.Headers.Location!.OriginalString;
            Assert.All(location, c => Assert.InRange(c, '!', '~'));
            Assert.False(answer.Headers.TryGetValues("Set-Cookie", out _));
            var members = RelyingParty.Members(new Uri(location));
            Assert.Equal(["code", "iss", "state"], members.Keys.Order(StringComparer.Ordinal));
            Assert.Equal((state, HostFixture.Issuer), (members["state"], members["iss"]));
            await host.RefusesAsync(_app, "invalid_scope", _app.Address(("state", state), ("scope", "x"), ("response_mode", mode)), tab, state);
        }
    }

    [Theory]
    [InlineData("{\"userinfo\":1}")]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("{\"a\":1,\"a\":2}")]
    [InlineData("{\"\\ud800\":1}")]
    [InlineData("{\"id_token\":{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"f\":{\"g\":{}}}}}}}}}")]
    [InlineData("null")]
    public async Task Claims_that_are_no_request_are_refused(string claims) =>
        await host.RefusesAsync(_app, "invalid_request", _app.Address(("claims", claims)));

    [Theory]
    [InlineData("state")]
    [InlineData("nonce")]
    [InlineData("claims")]
    public async Task What_is_too_long_to_be_kept_is_refused(string name)
    {
        var long_ = new string('a', 4001);
        await host.RefusesAsync(_app, "invalid_request", _app.Address((name, long_)), state: name == "state" ? "" : null);
    }
}
