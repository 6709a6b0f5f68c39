using System.Net;
using FakeGoogle;
using IdentityHost.Tests.Support;
using IdentityHost.Tests.Users;

namespace IdentityHost.Tests.SignIn.Google;

/// <summary>The three steps of seed 004 by its own paths, and what the token in the address is worth to whom.</summary>
[Collection(SharedGoogle.Name)]
public sealed class HandoffTests(GoogleHost host)
{
    const string Current = "/users/current?token=";

    [Theory]
    [Case(163)]
    [InlineData("")]
    [InlineData("/api")]
    public async Task Seed_004_from_the_first_step_to_the_last(string prefix)
    {
        var person = host.NewPerson();
        var tab = new Tab(host);
        // A. To Google.
        var authorize = await tab.AuthorizeAsync($"{prefix}/users/auth/google");
        // B. Back, and on with a token in the query.
        var location = await tab.LocationAsync(prefix + host.Choose(authorize, person));
        Assert.Matches("^/users/current\\?token=ihh_[A-Za-z0-9_-]{43}$", location);
        var token = location[Current.Length..];
        // The browser itself sees who it is, as often as it looks, and gets nothing that opens more.
        for (var look = 0; look < 3; look++)
        {
            using var seen = await tab.GetAsync(prefix + location);
            Assert.Equal(HttpStatusCode.OK, seen.StatusCode);
            var data = (await seen.JsonAsync())["data"]!;
            Assert.Equal("Budi Santoso", data["name"]!.GetValue<string>());
            Assert.Null(data["access_token"]);
        }
        // C. The client sends it as a bearer token.
        var answer = await host.Client.AskAsync("GET", $"{prefix}/users/current", token);
        answer.MustBe(200);
        Assert.Equal("no-store", answer.Header("cache-control"));
        Assert.StartsWith("google_budi", answer.Data["username"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal("Budi Santoso", answer.Data["name"]!.GetValue<string>());
        Assert.Equal(["google"], answer.Data["sign_in_methods"]!.AsArray().Select(m => m!.GetValue<string>()));

        // The tokens are those of any sign-in: they work, refresh, and end.
        var access = answer.Data["access_token"]!.GetValue<string>();
        Assert.Equal(access, answer.Json["token"]!.GetValue<string>());
        (await host.Client.AskAsync("GET", "/users/current", access)).MustBe(200);
        using var refreshed = await host.Client.TokenAsync(
            ("grant_type", "refresh_token"), ("client_id", "identityhost"), ("refresh_token", answer.Data["refresh_token"]!.GetValue<string>()));
        Assert.Equal(HttpStatusCode.OK, refreshed.StatusCode);
        (await host.Client.AskAsync("DELETE", $"{prefix}/users/logout", access)).MustBe(200);
        await host.EventuallyRefusedAsync(access);
    }

    [Fact]
    public async Task It_buys_tokens_once_and_then_shows_nothing_either()
    {
        var (tab, token) = await ArriveAsync();
        var all = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => host.Client.AskAsync("GET", "/users/current", token)));
        Assert.Single(all, a => a.Status == 200);
        Assert.All(all.Where(a => a.Status != 200), a => a.MustBe(401, "unauthorized"));
        foreach (var node in host.Nodes)
            (await node.Client.AskAsync("GET", "/users/current", token)).MustBe(401, "unauthorized");
        using var seen = await tab.GetAsync(Current + token);
        Assert.Equal(HttpStatusCode.Unauthorized, seen.StatusCode);
    }

    [Fact]
    public async Task Address_is_worthless_in_another_browser_and_the_token_without_its_word_is_taken()
    {
        var (tab, token) = await ArriveAsync();
        var (other, _) = await ArriveAsync();
        foreach (var stranger in new[] { new Tab(host), other })
        {
            using var answer = await stranger.GetAsync(Current + token);
            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        }
        // Nothing else reads it, and nobody may do more with it.
        foreach (var (method, path) in new[] { ("GET", "/users"), ("DELETE", "/users/logout"), ("GET", "/users/1"), ("PATCH", "/users/1") })
            (await host.Client.AskAsync(method, path, token)).MustBe(401, "unauthorized");
        (await host.Client.AskAsync("GET", "/users/current", null, null, ("Authorization", token))).MustBe(200);
        (await tab.GetAsync("/account")).Dispose();
    }

    [Fact]
    public async Task It_lives_a_minute()
    {
        var (tab, token) = await ArriveAsync();
        try
        {
            await host.Clock.SetAsync(TimeSpan.FromSeconds(61));
            (await host.Client.AskAsync("GET", "/users/current", token)).MustBe(401, "unauthorized");
            using var seen = await tab.GetAsync(Current + token);
            Assert.Equal(HttpStatusCode.Unauthorized, seen.StatusCode);
        }
        finally
        {
            await host.Clock.SetAsync(TimeSpan.Zero);
        }
    }

    [Theory]
    [InlineData("UPDATE users SET status = false WHERE id = $1")]
    [InlineData("UPDATE sessions SET ended_at = now() WHERE user_id = $1")]
    [InlineData("DELETE FROM users WHERE id = $1")]
    public async Task It_ends_with_the_session(string end)
    {
        var person = host.NewPerson();
        var (tab, token) = await ArriveAsync(person);
        await host.ExecuteAsync(end, await host.LinkedToAsync(person));
        (await host.Client.AskAsync("GET", "/users/current", token)).MustBe(401, "unauthorized");
        using var seen = await tab.GetAsync(Current + token);
        Assert.Equal(HttpStatusCode.Unauthorized, seen.StatusCode);
    }

    [Fact]
    public async Task It_stands_in_the_database_as_a_hash()
    {
        var (_, token) = await ArriveAsync();
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM handoffs h WHERE h::text LIKE '%' || encode(convert_to($1, 'UTF8'), 'hex') || '%'", token[4..]));
        Assert.DoesNotContain(host.Nodes.SelectMany(n => n.Log.Lines), line => line.Contains(token, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Client_of_the_api_gets_no_session_for_the_pages()
    {
        var (tab, _) = await ArriveAsync();
        using var account = await tab.GetAsync("/account");
        Assert.Equal(HttpStatusCode.SeeOther, account.StatusCode);
    }

    [Fact]
    [Case(161)]
    public async Task Whoever_has_to_prove_the_password_gets_the_handoff_afterwards()
    {
        var person = host.NewPerson(p => p with { Email = $"{BackChannel.NewName()}@mail.example" });
        var (username, _) = await host.RegisterAsync(person.Email!, confirmed: true);
        var tab = new Tab(host);
        Assert.Equal("/sign-in/link", await host.SignInAsync(tab, person, GoogleSteps.Begin));
        using var right = await tab.PostAsync("/sign-in/link", "/sign-in/link", ("password", BackChannel.Password));
        var location = right.Headers.Location!.ToString();
        var answer = await host.Client.AskAsync("GET", "/users/current", location[Current.Length..]);
        answer.MustBe(200);
        Assert.Equal(username, answer.Data["username"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("ihh_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("ihh_short")]
    [InlineData("")]
    public async Task Invented_one_opens_nothing(string token)
    {
        (await host.Client.AskAsync("GET", "/users/current", null, null, ("Authorization", $"Bearer {token}"))).MustBe(401, "unauthorized");
        (await host.Client.AskAsync("GET", Current + token)).MustBe(401, "unauthorized");
        (await host.Client.AskAsync("GET", $"{Current}{token}&token={token}")).MustBe(401, "unauthorized");
    }

    async Task<(Tab Tab, string Token)> ArriveAsync(Person? person = null)
    {
        var tab = new Tab(host);
        var location = await host.SignInAsync(tab, person ?? host.NewPerson(), GoogleSteps.Begin);
        return (tab, location[Current.Length..]);
    }
}
