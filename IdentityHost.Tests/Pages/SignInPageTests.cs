using System.Net;
using System.Text.RegularExpressions;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Pages;

/// <summary>Signing in and out with a browser's means: forms, cookies, redirects. Each request goes to the next node.</summary>
[Collection(SharedHost.Name)]
public sealed class SignInPageTests(HostFixture host)
{
    [Fact]
    [Case(127)]
    [Case(18)]
    public async Task Cookie_of_one_node_is_good_on_the_other_and_the_redirect_is_a_303()
    {
        var (username, _) = await host.Client.RegisterAsync();
        var tab = new Tab(host);
        using var answer = await tab.SignInAsync(username, BackChannel.Password, "/account");
        Assert.Equal((HttpStatusCode.SeeOther, "/account"), (answer.StatusCode, answer.Headers.Location!.ToString()));
        for (var node = 0; node < 2; node++)
            Assert.Contains(username, await tab.TextAsync("/account"), StringComparison.Ordinal);
    }

    [Fact]
    [Case(124)]
    public async Task Cookie_is_for_this_host_only_and_no_script_reads_it()
    {
        var (username, _) = await host.Client.RegisterAsync();
        var tab = new Tab(host);
        using var answer = await tab.SignInAsync(username, BackChannel.Password);
        var cookie = Assert.Single(answer.Headers.GetValues("Set-Cookie"), c => c.StartsWith("identityhost=", StringComparison.Ordinal));
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=lax", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("path=/;", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("domain=", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.InRange(cookie.Length, 1, 4096);
    }

    [Fact]
    [Case(121)]
    public async Task Cookie_that_was_copied_is_worthless_after_signing_out()
    {
        var (username, _) = await host.Client.RegisterAsync();
        var tab = new Tab(host);
        using (await tab.SignInAsync(username, BackChannel.Password))
        {
        }
        var thief = tab.Copy();
        Assert.Contains(username, await thief.TextAsync("/account"), StringComparison.Ordinal);

        using var out_ = await tab.PostAsync("/account?handler=EndAll", "/account");
        Assert.Equal("/signed-out", out_.Headers.Location!.ToString());
        for (var node = 0; node < 2; node++)
        {
            using var answer = await thief.GetAsync("/account");
            Assert.Equal((HttpStatusCode.SeeOther, "/sign-in?return_to=%2Faccount"), (answer.StatusCode, answer.Headers.Location!.ToString()));
        }
    }

    [Fact]
    [Case(125)]
    public async Task Signing_in_again_begins_a_new_session_and_ends_the_old_one()
    {
        var (username, id) = await host.Client.RegisterAsync();
        var tab = new Tab(host);
        using (await tab.SignInAsync(username, BackChannel.Password))
        {
        }
        var before = tab.Copy();
        using (var again = await tab.PostSignInAsync(username, BackChannel.Password))
            Assert.Equal(HttpStatusCode.SeeOther, again.StatusCode);
        Assert.Contains(username, await tab.TextAsync("/account"), StringComparison.Ordinal);
        using var answer = await before.GetAsync("/account");
        Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM sessions WHERE user_id = $1 AND ended_at IS NULL", id));
    }

    [Theory]
    [Case(138)]
    [InlineData("//e.example")]
    [InlineData("/\\e.example")]
    [InlineData("\\/e.example")]
    [InlineData("https:e.example")]
    [InlineData("/%09/e.example")]
    [InlineData("/\t/e.example")]
    [InlineData("///e.example")]
    [InlineData("javascript:alert(1)")]
    [InlineData("https://us@e.example")]
    public async Task Nobody_is_sent_to_a_strangers_address(string returnTo)
    {
        var (username, _) = await host.Client.RegisterAsync();
        var tab = new Tab(host);
        using var answer = await tab.SignInAsync(username, BackChannel.Password, returnTo);
        var location = answer.Headers.Location!.ToString();
        Assert.True(location == "/account" || location == "/%09/e.example", location);
    }

    [Fact]
    [Case(128)]
    public async Task Form_without_its_token_changes_nothing()
    {
        var (username, id) = await host.Client.RegisterAsync();
        var tab = new Tab(host);
        using (await tab.SignInAsync(username, BackChannel.Password))
        {
        }
        var other = new Tab(host);
        using (await other.SignInAsync((await host.Client.RegisterAsync()).Username, BackChannel.Password))
        {
        }
        using var without = await tab.SendAsync(HttpMethod.Post, "/account?handler=EndAll", []);
        using var foreign = await tab.SendAsync(HttpMethod.Post, "/account?handler=EndAll", [("__RequestVerificationToken", await other.FormTokenAsync("/account"))]);
        Assert.Equal((HttpStatusCode.BadRequest, HttpStatusCode.BadRequest), (without.StatusCode, foreign.StatusCode));
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM sessions WHERE user_id = $1 AND ended_at IS NULL", id));
    }

    [Fact]
    [Case(129)]
    public async Task No_api_takes_the_cookie()
    {
        var (username, _) = await host.Client.RegisterAsync();
        var tab = new Tab(host);
        using (await tab.SignInAsync(username, BackChannel.Password))
        {
        }
        using var current = await tab.GetAsync("/users/current");
        Assert.Equal(HttpStatusCode.Unauthorized, current.StatusCode);
    }

    [Fact]
    [Case(126)]
    public async Task Cookie_that_is_cut_swapped_or_changed_is_nobodys()
    {
        var (username, _) = await host.Client.RegisterAsync();
        var tab = new Tab(host);
        using (await tab.SignInAsync(username, BackChannel.Password))
        {
        }
        var (good, form) = (tab.Cookies["identityhost"], tab.Cookies["identityhost-form"]);
        foreach (var bad in new[] { good[..^10], form, good[..20] + new string('A', good.Length - 20), "", "x" })
        {
            var damaged = tab.Copy();
            damaged.Cookies["identityhost"] = bad;
            using var answer = await damaged.GetAsync("/account");
            Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
        }
    }

    [Fact]
    [Case(130)]
    [Case(77)]
    public async Task Disabled_person_is_out_of_the_browser_at_once()
    {
        var (username, id) = await host.Client.RegisterAsync();
        var tab = new Tab(host);
        using (await tab.SignInAsync(username, BackChannel.Password))
        {
        }
        using var disable = await host.Client.CallAsync(HttpMethod.Patch, $"/users/{id}/status", await host.Client.AdminTokenAsync(), new { status = false });
        Assert.True(disable.IsSuccessStatusCode);
        for (var node = 0; node < 2; node++)
        {
            using var answer = await tab.GetAsync("/account");
            Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
        }
        using var refused = await new Tab(host).SignInAsync(username, BackChannel.Password);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
    }

    [Fact]
    public async Task Wrong_password_says_so_once_and_keeps_the_name()
    {
        var (username, _) = await host.Client.RegisterAsync();
        using var answer = await new Tab(host).SignInAsync(username, "wrong, all of it");
        var page = WebUtility.HtmlDecode(await answer.Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("The name or the password is wrong.", page, StringComparison.Ordinal);
        Assert.Contains($"value=\"{username}\"", page, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong, all of it", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Given_password_is_changed_before_anything_else()
    {
        var (username, id) = await host.Client.RegisterAsync();
        await host.ExecuteAsync("UPDATE users SET must_change_password = true WHERE id = $1", id);
        var tab = new Tab(host);
        using (var first = await tab.SignInAsync(username, BackChannel.Password, "/account"))
            Assert.StartsWith("/sign-in/new-password", first.Headers.Location!.ToString(), StringComparison.Ordinal);
        using (var weak = await tab.PostAsync("/sign-in/new-password", "/sign-in/new-password", ("identifier", username), ("password", BackChannel.Password), ("new_password", BackChannel.Password)))
            Assert.Contains("Choose another", await weak.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using (var changed = await tab.PostAsync(
            "/sign-in/new-password", "/sign-in/new-password", ("identifier", username), ("password", BackChannel.Password), ("new_password", "seven bright stones")))
            Assert.Equal(HttpStatusCode.SeeOther, changed.StatusCode);
        Assert.Contains(username, await tab.TextAsync("/account"), StringComparison.Ordinal);
    }
}
