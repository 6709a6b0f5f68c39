using System.Net;
using IdentityHost.Protocol.Tokens;
using IdentityHost.Tests.Support;
using Microsoft.AspNetCore.Http;

namespace IdentityHost.Tests.Protocol.Logout;

/// <summary>OpenID Connect RP-Initiated Logout 1.0 at <c>/connect/logout</c>. Each request goes to the next node.</summary>
[Collection(LogoutHost.Name)]
public sealed class EndSessionTests(LogoutHost host)
{
    [Fact]
    [Case(118)]
    [Case(121)]
    public async Task Without_a_hint_nothing_ends_before_the_person_has_said_so()
    {
        var person = await host.BrowserAsync("quick");
        // What an image on another site would do, had the cookie come along.
        var page = await PageOfAsync(person.Tab, "/connect/logout");
        using (var shown = await person.Tab.GetAsync(page))
        {
            var text = WebUtility.HtmlDecode(await shown.Content.ReadAsStringAsync());
            Assert.Contains("Do you want to sign out?", text, StringComparison.Ordinal);
            Assert.Contains(person.Username, text, StringComparison.Ordinal);
        }
        using (var forged = await person.Tab.SendAsync(HttpMethod.Post, page, [("request", "")]))
            Assert.Equal(HttpStatusCode.BadRequest, forged.StatusCode);
        Assert.True(await host.LivesAsync(person.Session));

        var thief = person.Tab.Copy();
        using (var left = await person.Tab.PostAsync("/sign-out", page))
            Assert.Equal((HttpStatusCode.SeeOther, "/signed-out"), (left.StatusCode, left.Headers.Location!.ToString()));
        Assert.False(await host.LivesAsync(person.Session));
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM grants WHERE session_id = $1 AND ended_at IS NULL", person.Session));
        for (var node = 0; node < 2; node++)
        {
            using var answer = await thief.GetAsync("/account");
            Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
        }
    }

    [Fact]
    [Case(121)]
    public async Task Hint_that_names_the_session_ends_it_and_the_browser_returns_with_its_state()
    {
        var person = await host.BrowserAsync("quick");
        var thief = person.Tab.Copy();
        var end = await EndOfAsync(person.Tab, Url(("id_token_hint", person.Hint), ("post_logout_redirect_uri", LogoutHost.After), ("state", "a b&c=ü")));
        Assert.Equal($"{LogoutHost.After}?state=a%20b%26c%3D%C3%BC", end);
        Assert.False(await host.LivesAsync(person.Session));
        using var answer = await thief.GetAsync("/account");
        Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE kind = 'signed_out' AND subject_id = $1", person.Id));
    }

    [Fact]
    [Case(118)]
    public async Task Hint_of_another_session_is_no_proof_and_the_person_is_asked()
    {
        var person = await host.BrowserAsync("quick");
        var page = await PageOfAsync(person.Tab, Url(("id_token_hint", person.OwnToken.Token), ("post_logout_redirect_uri", LogoutHost.After)));
        Assert.Contains("The quick <one> asks", await person.Tab.TextAsync(page), StringComparison.Ordinal);
        Assert.True(await host.LivesAsync(person.Session));
        using var left = await person.Tab.PostAsync(page, page);
        Assert.Equal(LogoutHost.After, left.Headers.Location!.ToString());
        Assert.False(await host.LivesAsync(person.Session));
    }

    [Fact]
    public async Task Client_id_alone_names_the_application_and_a_query_of_its_own_is_kept()
    {
        var person = await host.BrowserAsync("quick");
        var page = await PageOfAsync(
            person.Tab, Url(("client_id", "quick"), ("post_logout_redirect_uri", "https://quick.example.com/after?from=here"), ("state", "s"), ("logout_hint", "x")));
        using var left = await person.Tab.PostAsync(page, page);
        Assert.Equal("https://quick.example.com/after?from=here&state=s", left.Headers.Location!.ToString());
    }

    [Fact]
    public async Task Nobody_signed_in_goes_straight_on()
    {
        Assert.Equal(LogoutHost.After, await EndOfAsync(new Tab(host), Url(("client_id", "quick"), ("post_logout_redirect_uri", LogoutHost.After))));
        Assert.Equal("/signed-out", await EndOfAsync(new Tab(host), "/connect/logout"));
    }

    [Theory]
    [Case(119)]
    [InlineData("https://evil.example.com/after", "quick")]
    [InlineData("https://app.example.com/after?more=1", "quick")]
    [InlineData("https://app.example.com/after/", "quick")]
    [InlineData("https://app.example.com/After", "quick")]
    [InlineData("https://app.example.com:443/after", "quick")]
    [InlineData("https://app.example.com/after#x", "quick")]
    [InlineData(LogoutHost.OtherAfter, "quick")]
    [InlineData(LogoutHost.After, "nobody")]
    [InlineData(LogoutHost.After, null)]
    public async Task Address_that_is_not_registered_is_never_gone_to(string uri, string? clientId)
    {
        var query = clientId is null ? Url(("post_logout_redirect_uri", uri)) : Url(("post_logout_redirect_uri", uri), ("client_id", clientId), ("state", "s"));
        Assert.Equal("/signed-out", await EndOfAsync(new Tab(host), query));
        var person = await host.BrowserAsync();
        var page = await PageOfAsync(person.Tab, query);
        using var left = await person.Tab.PostAsync(page, page);
        Assert.Equal("/signed-out", left.Headers.Location!.ToString());
    }

    [Fact]
    [Case(119)]
    public async Task Hint_of_one_application_opens_no_address_of_another()
    {
        var person = await host.BrowserAsync("quick");
        Assert.Equal("/signed-out", await EndOfAsync(person.Tab, Url(("id_token_hint", person.Hint), ("post_logout_redirect_uri", LogoutHost.OtherAfter))));
        // The hint itself was right.
        Assert.False(await host.LivesAsync(person.Session));
    }

    [Theory]
    [Case(120)]
    [InlineData("signature")]
    [InlineData("payload")]
    [InlineData("none")]
    [InlineData("stranger")]
    [InlineData("client")]
    [InlineData("issuer")]
    [InlineData("audience")]
    [InlineData("access")]
    [InlineData("logout")]
    [InlineData("userinfo")]
    [InlineData("crit")]
    [InlineData("rubbish")]
    public async Task Hint_that_is_not_genuine_proves_nothing_and_spoils_the_redirect(string damage)
    {
        var person = await host.BrowserAsync("quick");
        var query = Url(
            ("id_token_hint", DamagedHint.Of(person, damage)), ("client_id", damage == "client" ? "other" : "quick"),
            ("post_logout_redirect_uri", damage == "client" ? LogoutHost.OtherAfter : LogoutHost.After));
        var page = await PageOfAsync(person.Tab, query);
        Assert.DoesNotContain("asks", await person.Tab.TextAsync(page), StringComparison.Ordinal);
        Assert.True(await host.LivesAsync(person.Session));
        using var left = await person.Tab.PostAsync(page, page);
        Assert.Equal("/signed-out", left.Headers.Location!.ToString());
    }

    [Fact]
    [Case(120)]
    public async Task Hint_that_has_expired_is_as_good_as_before()
    {
        var person = await host.BrowserAsync("quick");
        var old = person.OwnToken.WithClaims(("sid", person.Session.ToString("N")), ("iat", 1_600_000_000), ("exp", 1_600_000_600));
        Assert.Equal(LogoutHost.After, await EndOfAsync(person.Tab, Url(("id_token_hint", old), ("client_id", "quick"), ("post_logout_redirect_uri", LogoutHost.After))));
        Assert.False(await host.LivesAsync(person.Session));
    }

    [Fact]
    [Case(120)]
    public async Task Hint_of_a_disabled_application_proves_nothing()
    {
        var person = await host.BrowserAsync("moved");
        await host.ChangeApplicationAsync("moved", "enabled = false");
        try
        {
            Assert.Equal("/sign-out", await PageOfAsync(person.Tab, Url(("id_token_hint", person.Hint))));
            Assert.True(await host.LivesAsync(person.Session));
        }
        finally
        {
            await host.ChangeApplicationAsync("moved", "enabled = true");
        }
    }

    [Theory]
    [InlineData("?state=1&state=1")]
    [InlineData("?client_id=quick&client_id=other")]
    [InlineData("?state=%ff")]
    public async Task Repeated_or_broken_parameter_is_an_error_page(string query)
    {
        var person = await host.BrowserAsync();
        using var answer = await person.Tab.GetAsync("/connect/logout" + query);
        Assert.Equal((HttpStatusCode.BadRequest, "text/html"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        using var posted = await person.Tab.SendAsync(HttpMethod.Post, "/connect/logout", [("state", "1"), ("state", "2")]);
        Assert.Equal(HttpStatusCode.BadRequest, posted.StatusCode);
        Assert.True(await host.LivesAsync(person.Session));
    }

    [Fact]
    public async Task Form_of_another_site_comes_without_the_cookie_and_still_ends_the_session()
    {
        var person = await host.BrowserAsync("quick");
        using var posted = await new Tab(host).SendAsync(
            HttpMethod.Post, "/connect/logout", [("id_token_hint", person.Hint), ("post_logout_redirect_uri", LogoutHost.After), ("state", "x")]);
        Assert.Equal(HttpStatusCode.SeeOther, posted.StatusCode);
        Assert.True(await host.LivesAsync(person.Session));
        Assert.DoesNotContain(person.Hint, posted.Headers.Location!.ToString(), StringComparison.Ordinal);
        Assert.Equal(LogoutHost.After + "?state=x", await EndOfAsync(person.Tab, posted.Headers.Location.ToString()));
        Assert.False(await host.LivesAsync(person.Session));
    }

    [Fact]
    public async Task Page_speaks_the_language_that_was_asked_for()
    {
        var person = await host.BrowserAsync();
        var page = await PageOfAsync(person.Tab, Url(("ui_locales", "id"), ("client_id", "quick")));
        Assert.Contains("Apakah Anda ingin keluar?", await person.Tab.TextAsync(page), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rubbish")]
    [InlineData("CfDJ8")]
    public async Task Request_that_was_not_sealed_here_is_none(string text)
    {
        Assert.Equal("/signed-out", await EndOfAsync(new Tab(host), "/sign-out" + QueryString.Create("request", text)));
        var person = await host.BrowserAsync();
        Assert.DoesNotContain("asks", await person.Tab.TextAsync("/sign-out" + QueryString.Create("request", text)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pairwise_hint_leads_to_the_person_by_its_session_only()
    {
        var hints = host.Nodes[1].Service<IdTokenHints>();
        var person = await host.BrowserAsync("down");
        var stop = TestContext.Current.CancellationToken;
        Assert.Equal(person.Id, (await hints.VerifyAsync(person.Hint, null, stop))!.UserId);
        await host.ChangeApplicationAsync("down", "sector_identifier = 'sector.example.com'");
        try
        {
            // The public sub is not what this application knows them by any more.
            Assert.Null((await hints.VerifyAsync(person.Hint, null, stop))!.UserId);
            var client = (await hints.VerifyAsync(person.Hint, null, stop))!.Client;
            var pairwise = host.Nodes[0].Service<SubjectIdentifiers>().For(client, person.Id);
            var hint = await hints.VerifyAsync(person.OwnToken.WithClaims(("sub", pairwise), ("sid", person.Session.ToString("N"))), "down", stop);
            Assert.Equal((person.Id, person.Session), (hint!.UserId, hint.SessionId));
            Assert.Null((await hints.VerifyAsync(person.OwnToken.WithClaims(("sub", pairwise), ("sid", Guid.Empty.ToString("N"))), "down", stop))!.UserId);
        }
        finally
        {
            await host.ChangeApplicationAsync("down", "sector_identifier = NULL");
        }
    }

    static string Url(params (string Name, string Value)[] query) =>
        "/connect/logout" + QueryString.Create(query.Select(q => KeyValuePair.Create(q.Name, (string?)q.Value)));

    /// <summary>The page that the endpoint sends the browser to.</summary>
    static async Task<string> PageOfAsync(Tab tab, string url)
    {
        using var answer = await tab.GetAsync(url);
        Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
        var page = answer.Headers.Location!.ToString();
        Assert.StartsWith("/sign-out", page, StringComparison.Ordinal);
        return page;
    }

    /// <summary>Where the redirects lead that need nobody.</summary>
    static async Task<string> EndOfAsync(Tab tab, string url)
    {
        var page = url.StartsWith("/connect", StringComparison.Ordinal) ? await PageOfAsync(tab, url) : url;
        using var answer = await tab.GetAsync(page);
        Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
        return answer.Headers.Location!.OriginalString;
    }
}
