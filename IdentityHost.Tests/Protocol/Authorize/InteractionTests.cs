using System.Net;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol.Authorize;

/// <summary>The way from the authorization endpoint by the pages and back: which browser may go it, by which methods, and with which headers.</summary>
[Collection(AuthorizeHost.Name)]
public sealed class InteractionTests(AuthorizeHost host)
{
    readonly RelyingParty _app = new(host, AuthorizeHost.Own);
    readonly RelyingParty _asks = new(host, AuthorizeHost.Web);

    [Fact]
    [Case(23)]
    public async Task A_request_opens_only_in_the_browser_that_made_it()
    {
        var attacker = new Tab(host);
        var returnTo = await attacker.BegunAsync(_app.Address());
        var (victim, username, id) = await _app.PersonAsync();
        foreach (var path in new[] { returnTo, returnTo + "/cancel" })
        {
            await host.ShowsErrorPageAsync(path, victim);
            await host.ShowsErrorPageAsync(path);
        }
        // With a cookie of their own it opens as little, nor does the page that asks.
        var (page, _) = await victim.AskedAsync(_asks.Address());
        await host.ShowsErrorPageAsync(returnTo, victim);
        using (var consent = await victim.GetAsync($"/consent?id={returnTo.Split('/')[^1]}"))
            Assert.Equal(returnTo, consent.Headers.Location!.OriginalString);
        using (var allowed = await victim.PostAsync("/consent?handler=Allow", page, ("id", returnTo.Split('/')[^1])))
            Assert.Equal(returnTo, allowed.Headers.Location!.OriginalString);
        // Somebody who signs in on an attacker's link is not signed in for the attacker's request.
        using (var signedIn = await new Tab(host).SignInAsync(username, BackChannel.Password, returnTo))
            Assert.Equal(returnTo, signedIn.Headers.Location!.OriginalString);
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM authorization_codes WHERE user_id = $1", id));
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM consents WHERE user_id = $1", id));
        Assert.Equal(returnTo, await attacker.BegunAsync(returnTo));
    }

    [Fact]
    [Case(23)]
    public async Task A_request_is_forgotten_after_an_hour()
    {
        var tab = new Tab(host);
        var returnTo = await tab.BegunAsync(_app.Address());
        await host.Clock.SetAsync(TimeSpan.FromMinutes(61));
        try
        {
            await host.ShowsErrorPageAsync(returnTo, tab);
        }
        finally
        {
            await host.Clock.SetAsync(TimeSpan.Zero);
        }
    }

    [Fact]
    [Case(23)]
    public async Task A_request_whose_application_or_address_is_gone_leads_nowhere()
    {
        var tab = new Tab(host);
        var returnTo = await tab.BegunAsync(_app.Address());
        await host.ChangeApplicationAsync(AuthorizeHost.Own, "redirect_uris = '{https://rp.example/other}'");
        await host.ShowsErrorPageAsync(returnTo, tab);
        await host.ShowsErrorPageAsync(returnTo + "/cancel", tab);
        await host.ChangeApplicationAsync(AuthorizeHost.Own, $"redirect_uris = '{{{AuthorizeHost.Callback}}}', enabled = false");
        await host.ShowsErrorPageAsync(returnTo, tab);
        await host.ChangeApplicationAsync(AuthorizeHost.Own, "enabled = true");
        Assert.Equal(returnTo, await tab.BegunAsync(returnTo));
    }

    [Fact]
    [Case(4)]
    [Case(18)]
    public async Task A_password_is_not_posted_on_and_the_forms_other_fields_change_nothing()
    {
        var (username, _) = await host.Client.RegisterAsync();
        var tab = new Tab(host);
        var returnTo = await tab.BegunAsync(_app.Address());
        using var signedIn = await tab.PostAsync(
            "/sign-in?scope=users:self", "/sign-in", ("identifier", username), ("password", BackChannel.Password), ("return_to", returnTo), ("scope", "openid users:self"), ("redirect_uri", "https://evil.example"));
        Assert.Equal((HttpStatusCode.SeeOther, returnTo), (signedIn.StatusCode, signedIn.Headers.Location!.OriginalString));
        var members = RelyingParty.Members(await RelyingParty.ArriveAsync(tab, returnTo));
        Assert.Equal("openid", (await _app.RedeemAsync(host.Client, members["code"]).GrantedAsync())["scope"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_request_that_is_posted_goes_on_by_a_get()
    {
        var (tab, _, _) = await _app.PersonAsync();
        // From another site it comes without the cookie of the session, which the browser sends with the next step.
        using var posted = await new Tab(host).SendAsync(HttpMethod.Post, "/connect/authorize", [.. _app.Parameters()]);
        Assert.Equal(HttpStatusCode.SeeOther, posted.StatusCode);
        foreach (var cookie in posted.Headers.GetValues("Set-Cookie"))
            tab.Cookies[cookie.Split('=')[0]] = cookie.Split('=', 2)[1].Split(';')[0];
        var members = RelyingParty.Members(await RelyingParty.ArriveAsync(tab, posted.Headers.Location!.OriginalString));
        Assert.Equal(_app.State, members["state"]);
        await _app.RedeemAsync(host.Client, members["code"]).GrantedAsync();

        foreach (var content in new HttpContent?[] { new StringContent("{}", System.Text.Encoding.UTF8, "application/json"), new MultipartFormDataContent(), null })
        {
            using var refused = await host.Client.PostAsync("/connect/authorize", content);
            await AuthorizeAnswers.IsErrorPageAsync(refused);
        }
    }

    [Fact]
    [Case(21)]
    public async Task Head_makes_nothing()
    {
        var (tab, _, _) = await _app.PersonAsync();
        var returnTo = await new Tab(host).BegunAsync(_app.Address());
        var rows = await host.RowsAsync();
        foreach (var method in new[] { HttpMethod.Head, HttpMethod.Options, HttpMethod.Put, HttpMethod.Delete, HttpMethod.Trace })
        {
            foreach (var path in new[] { _app.Address(), returnTo, returnTo + "/cancel" })
            {
                using var answer = await host.AskAsync(method, 0, path, tab);
                Assert.Equal(HttpStatusCode.MethodNotAllowed, answer.StatusCode);
            }
        }
        Assert.Equal(rows, await host.RowsAsync());
    }

    [Fact]
    [Case(20)]
    public async Task No_script_of_another_origin_reads_an_answer()
    {
        var (tab, _, _) = await _app.PersonAsync();
        foreach (var method in new[] { HttpMethod.Get, HttpMethod.Options })
        {
            foreach (var origin in new[] { "https://evil.example", "null", "https://rp.example" })
            {
                using var answer = await host.AskAsync(method, 1, _app.Address(), tab, ("Origin", origin), ("Access-Control-Request-Method", "GET"));
                Assert.False(answer.Headers.Contains("Access-Control-Allow-Origin"));
                Assert.False(answer.Headers.Contains("Access-Control-Allow-Credentials"));
            }
        }
    }

    [Fact]
    [Case(19)]
    public async Task No_page_of_the_way_can_be_framed_or_loads_anything_from_elsewhere()
    {
        var (tab, _, _) = await _asks.PersonAsync();
        var (consent, _) = await tab.AskedAsync(_asks.Address());
        var returnTo = await new Tab(host).BegunAsync(_app.Address());
        foreach (var (path, who) in new (string, Tab?)[]
        {
            (consent, tab), (_app.Address(("client_id", "nobody")), null), (_app.Address(("response_mode", "form_post")), tab), (returnTo, null),
            ($"/sign-in?return_to={Uri.EscapeDataString(returnTo)}", null), ("/account", tab), ("/signed-out", null), (_app.Address(), tab), (_app.Address(), null),
        })
        {
            using var answer = await host.AskAsync(HttpMethod.Get, 0, path, who);
            Assert.Contains("frame-ancestors 'none'", answer.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
            Assert.Equal("no-referrer", answer.Headers.GetValues("Referrer-Policy").Single());
            if (answer.Content.Headers.ContentType?.MediaType != "text/html")
                continue;
            Assert.Equal("DENY", answer.Headers.GetValues("X-Frame-Options").Single());
            var html = await answer.Content.ReadAsStringAsync();
            Assert.All(
                System.Text.RegularExpressions.Regex.Matches(html, "<(?:link|script|img|iframe)[^>]*(?:href|src)=\"(?<to>[^\"]*)\"", System.Text.RegularExpressions.RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1)),
                asset => Assert.True(asset.Groups["to"].Value is ['/', not '/', ..] or "data:,", asset.Value));
        }
    }
}
