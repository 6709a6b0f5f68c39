using System.Net;
using IdentityHost.Tests.Support;
using IdentityHost.Tests.Users;
using Microsoft.AspNetCore.WebUtilities;

namespace IdentityHost.Tests.SignIn.Google;

/// <summary>There and back: what is sent to Google, and which callbacks count. Each request goes to the next node (R34).</summary>
[Collection(SharedGoogle.Name)]
public sealed class GoogleRedirectTests(GoogleHost host)
{
    [Theory]
    [Case(157)]
    [Case("R34")]
    [InlineData("/users/auth/google")]
    [InlineData("/api/users/auth/google")]
    [InlineData("/users/auth/google?return_to=/account")]
    public async Task Request_to_Google_is_fresh_each_time_and_names_one_redirect_uri(string begin)
    {
        var seen = new List<string>();
        for (var i = 0; i < 4; i++)
        {
            var query = QueryHelpers.ParseQuery((await new Tab(host).AuthorizeAsync(begin)).Query);
            Assert.Equal(("S256", "code"), (query["code_challenge_method"].Single(), query["response_type"].Single()));
            Assert.Equal(43, query["code_challenge"].Single()!.Length);
            Assert.Equal("openid email profile", query["scope"].Single());
            Assert.Equal($"{HostFixture.Issuer}/users/auth/google/callback", query["redirect_uri"].Single());
            seen.AddRange([query["state"].Single()!, query["nonce"].Single()!, query["code_challenge"].Single()!]);
        }
        Assert.Equal(seen.Count, seen.Distinct().Count());
    }

    [Fact]
    [Case("R34")]
    public async Task Every_step_may_be_on_another_node()
    {
        for (var shift = 0; shift < 2; shift++)
        {
            var person = host.NewPerson();
            var tab = new Tab(host);
            var authorize = await tab.AuthorizeAsync();
            // Two steps, so that without this the second would always be on the other node than the first.
            if (shift == 1)
                (await tab.GetAsync("/health/live")).Dispose();
            Assert.Equal("/account", await tab.LocationAsync(host.Choose(authorize, person)));
            Assert.Contains("Budi Santoso", await tab.TextAsync("/account"), StringComparison.Ordinal);
        }
    }

    [Fact]
    [Case(155)]
    public async Task State_of_another_browser_signs_nobody_in()
    {
        var person = host.NewPerson();
        var callback = host.Choose(await new Tab(host).AuthorizeAsync(), person);
        var victim = new Tab(host);
        (await victim.AuthorizeAsync()).ToString();
        await RefusedAsync(victim, callback);
        Assert.Equal(0, await host.LinkedToAsync(person));
    }

    [Theory]
    [Case(155)]
    [InlineData("")]
    [InlineData("?code=x")]
    [InlineData("?code=x&state=")]
    [InlineData("?code=x&state=nonsense")]
    [InlineData("?error=access_denied")]
    [InlineData("?error=access_denied&state=nonsense")]
    public async Task Callback_without_a_state_of_ours_signs_nobody_in(string query) => await RefusedAsync(new Tab(host), "/users/auth/google/callback" + query);

    [Fact]
    [Case(155)]
    [Case(162)]
    public async Task Callback_works_once_whichever_node_is_asked()
    {
        var person = host.NewPerson();
        var tab = new Tab(host);
        var callback = host.Choose(await tab.AuthorizeAsync(), person);
        // As an attacker who kept the cookies: the browser's own were taken away by the first return.
        List<Tab> copies = [tab.Copy(), tab.Copy(), tab.Copy()];
        Assert.Equal("/account", await tab.LocationAsync(callback));
        var sessions = await host.ScalarAsync<long>("SELECT count(*) FROM sessions");
        foreach (var copy in copies)
            await RefusedAsync(copy, callback);
        Assert.Equal(sessions, await host.ScalarAsync<long>("SELECT count(*) FROM sessions"));
    }

    [Fact]
    [Case(155)]
    public async Task Of_many_returns_at_once_one_counts()
    {
        var person = host.NewPerson();
        var tab = new Tab(host);
        var callback = host.Choose(await tab.AuthorizeAsync(), person);
        var before = host.Google.Requests("/token");
        var all = await Task.WhenAll(Enumerable.Range(0, 12).Select(async _ => await tab.Copy().LocationAsync(callback)));
        Assert.Single(all, location => location == "/account");
        Assert.Equal(11, all.Count(location => location.Contains("problem=google_state", StringComparison.Ordinal)));
        // Refused before the exchange: Google saw one code.
        Assert.Equal(before + 1, host.Google.Requests("/token"));
        Assert.Equal(1, await host.LiveSessionsAsync(await host.LinkedToAsync(person)));
    }

    [Fact]
    [Case(155)]
    public async Task State_that_is_older_than_ten_minutes_is_refused()
    {
        var tab = new Tab(host);
        var callback = host.Choose(await tab.AuthorizeAsync(), host.NewPerson());
        try
        {
            await host.Clock.SetAsync(TimeSpan.FromMinutes(11));
            await RefusedAsync(tab, callback);
        }
        finally
        {
            await host.Clock.SetAsync(TimeSpan.Zero);
        }
    }

    [Theory]
    [Case(138)]
    [InlineData("//e.example")]
    [InlineData("/%5Ce.example")]
    [InlineData("https://e.example")]
    [InlineData("/%09/e.example")]
    public async Task Nobody_is_sent_to_a_strangers_address(string returnTo) =>
        Assert.Equal("/account", await host.SignInAsync(new Tab(host), host.NewPerson(), GoogleSteps.Begin + "?return_to=" + returnTo));

    [Fact]
    public async Task Cookie_of_the_flow_is_for_this_host_and_no_script()
    {
        using var answer = await new Tab(host).GetAsync(GoogleSteps.Begin);
        var cookie = Assert.Single(answer.Headers.GetValues("Set-Cookie"));
        Assert.StartsWith("identityhost-google.", cookie, StringComparison.Ordinal);
        foreach (var attribute in new[] { "httponly", "samesite=lax", "path=/" })
            Assert.Contains(attribute, cookie, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("domain=", cookie, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Secrets_of_the_flow_are_in_no_log()
    {
        var tab = new Tab(host);
        var authorize = await tab.AuthorizeAsync();
        var callback = host.Choose(authorize, host.NewPerson());
        await tab.LocationAsync(callback);
        var code = QueryHelpers.ParseQuery(new Uri(HostFixture.Issuer + callback).Query)["code"].Single()!;
        foreach (var line in host.Nodes.SelectMany(n => n.Log.Lines))
        {
            Assert.DoesNotContain(code, line, StringComparison.Ordinal);
            Assert.DoesNotContain(FakeGoogle.GoogleServer.ClientSecret, line, StringComparison.Ordinal);
        }
    }

    async Task RefusedAsync(Tab tab, string callback)
    {
        var location = await tab.LocationAsync(callback);
        Assert.StartsWith("/sign-in?problem=google_state", location, StringComparison.Ordinal);
        using var page = await tab.GetAsync(location);
        Assert.Equal(HttpStatusCode.BadRequest, page.StatusCode);
        Assert.Contains("was not begun in this browser", WebUtility.HtmlDecode(await page.Content.ReadAsStringAsync()), StringComparison.Ordinal);
        using var account = await tab.GetAsync("/account");
        Assert.Equal(HttpStatusCode.SeeOther, account.StatusCode);
    }
}

/// <summary>Without credentials there is no sign-in with Google, and it says what is missing.</summary>
[Collection(SharedHost.Name)]
public sealed class WithoutGoogleTests(HostFixture host)
{
    [Theory]
    [InlineData("/users/auth/google")]
    [InlineData("/api/users/auth/google")]
    public async Task Says_what_to_set_and_what_to_register(string path)
    {
        foreach (var node in host.Nodes)
        {
            var answer = await node.Client.AskAsync("GET", path);
            answer.MustBe(404, "google_not_configured");
            foreach (var word in new[] { "Google:ClientId", "Google:ClientSecret", $"{HostFixture.Issuer}/users/auth/google/callback" })
                Assert.Contains(word, answer.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Pages_have_no_button() => Assert.DoesNotContain("Google", await new Tab(host).TextAsync("/sign-in"), StringComparison.Ordinal);

    [Fact]
    [Case(164)]
    public async Task Whoever_was_at_Google_when_it_was_switched_off_comes_to_the_sign_in_page() =>
        Assert.Equal("/sign-in?problem=google_unavailable", await new Tab(host).LocationAsync("/users/auth/google/callback?code=x&state=y"));
}
