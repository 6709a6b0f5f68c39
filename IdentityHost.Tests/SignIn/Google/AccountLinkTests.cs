using System.Net;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.SignIn.Google;

/// <summary>Linking and unlinking by somebody who is signed in.</summary>
[Collection(SharedGoogle.Name)]
public sealed class AccountLinkTests(GoogleHost host)
{
    const string Link = "/account?handler=Link";
    const string Unlink = "/account?handler=Unlink";

    [Fact]
    public async Task Person_links_signs_in_by_it_and_unlinks()
    {
        var (tab, username, id) = await SignedInAsync();
        var person = host.NewPerson(p => p with { Email = $"{BackChannel.NewName()}@mail.example" });
        Assert.Contains("Link your Google account", await tab.TextAsync("/account"), StringComparison.Ordinal);
        var callback = await BeginLinkAsync(tab, person);
        Assert.Equal("/account", await tab.LocationAsync(callback));
        Assert.Equal((id, "external_linked"), (await host.LinkedToAsync(person), await host.DecisionAsync(id)));
        // Their own address stays.
        Assert.Equal($"{username}@example.com", await host.ScalarAsync<string>("SELECT email FROM users WHERE id = $1", id));

        var other = new Tab(host);
        Assert.Equal("/account", await host.SignInAsync(other, person));
        Assert.Contains("You can sign in with Google", await other.TextAsync("/account"), StringComparison.Ordinal);
        using var unlinked = await tab.PostAsync(Unlink, "/account");
        Assert.Equal((HttpStatusCode.SeeOther, 0L), (unlinked.StatusCode, await host.LinkedToAsync(person)));
        Assert.Equal("external_unlinked", await host.DecisionAsync(id));
    }

    [Fact]
    [Case(165)]
    public async Task Last_way_in_stays()
    {
        var person = host.NewPerson();
        var tab = new Tab(host);
        await host.SignInAsync(tab, person);
        var id = await host.LinkedToAsync(person);
        using (var answer = await tab.PostAsync(Unlink, "/account"))
        {
            Assert.Equal(HttpStatusCode.Conflict, answer.StatusCode);
            Assert.Contains("your only way to sign in", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
        // A generated password that has run out is no way in either.
        await host.ExecuteAsync("UPDATE users SET password_hash = 'x', password_origin = 2, password_expires_at = now() - interval '1 day' WHERE id = $1", id);
        using (var answer = await tab.PostAsync(Unlink, "/account"))
            Assert.Equal(HttpStatusCode.Conflict, answer.StatusCode);
        Assert.Equal(id, await host.LinkedToAsync(person));
    }

    [Fact]
    [Case(162)]
    public async Task Session_of_somebody_else_gets_no_link()
    {
        var (tab, _, asked) = await SignedInAsync();
        var person = host.NewPerson();
        var callback = await BeginLinkAsync(tab, person);
        // The same browser, but somebody else has signed in meanwhile.
        var (username, other) = await host.Client.RegisterAsync();
        (await tab.PostSignInAsync(username, BackChannel.Password)).Dispose();
        Assert.Equal("/account?problem=google_session", await tab.LocationAsync(callback));
        Assert.Equal(0, await host.LinkedToAsync(person));
        Assert.Contains("Nothing was linked", await TextOfAsync(tab, "/account?problem=google_session"), StringComparison.Ordinal);
        Assert.NotEqual(asked, other);
    }

    [Fact]
    [Case(162)]
    public async Task Same_person_in_another_session_gets_no_link()
    {
        var (tab, username, _) = await SignedInAsync();
        var person = host.NewPerson();
        var callback = await BeginLinkAsync(tab, person);
        (await tab.PostAsync("/account?handler=End", "/account", ("session", await SessionOfAsync(username)))).Dispose();
        (await tab.SignInAsync(username, BackChannel.Password)).Dispose();
        Assert.Equal("/account?problem=google_session", await tab.LocationAsync(callback));
        Assert.Equal(0, await host.LinkedToAsync(person));
    }

    [Fact]
    [Case(162)]
    public async Task Callback_of_an_attackers_flow_in_the_victims_browser_links_nothing()
    {
        var attacker = host.NewPerson();
        var (attackersTab, _, _) = await SignedInAsync();
        var callback = await BeginLinkAsync(attackersTab, attacker);
        var (victim, _, _) = await SignedInAsync();
        Assert.StartsWith("/sign-in?problem=google_state", await victim.LocationAsync(callback), StringComparison.Ordinal);
        Assert.Equal(0, await host.LinkedToAsync(attacker));
    }

    [Fact]
    [Case(161)]
    public async Task Identity_of_somebody_else_is_not_taken_away()
    {
        var person = host.NewPerson();
        await host.SignInAsync(new Tab(host), person);
        var owner = await host.LinkedToAsync(person);
        var (tab, _, id) = await SignedInAsync();
        Assert.Equal("/account?problem=google_taken", await tab.LocationAsync(await BeginLinkAsync(tab, person)));
        Assert.Equal((owner, "external_refused"), (await host.LinkedToAsync(person), await host.DecisionAsync(id)));
        using var page = await tab.GetAsync("/account?problem=google_taken");
        Assert.Equal(HttpStatusCode.Conflict, page.StatusCode);
    }

    [Theory]
    [Case(128)]
    [Case(161)]
    [InlineData(Link)]
    [InlineData(Unlink)]
    public async Task Form_without_its_token_changes_nothing(string action)
    {
        var (tab, _, _) = await SignedInAsync();
        using var answer = await tab.SendAsync(HttpMethod.Post, action, []);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Null(answer.Headers.Location);
    }

    [Fact]
    [Case(161)]
    public async Task Old_sign_in_has_to_prove_the_password_again()
    {
        var (tab, username, id) = await SignedInAsync();
        var person = host.NewPerson();
        await host.ExecuteAsync("UPDATE sessions SET auth_time = auth_time - interval '6 minutes' WHERE user_id = $1", id);
        Assert.Contains("since you signed in a while ago", await tab.TextAsync("/account"), StringComparison.Ordinal);
        foreach (var password in new[] { "", "not this one, no" })
        {
            foreach (var action in new[] { Link, Unlink })
            {
                using var refused = await tab.PostAsync(action, "/account", ("password", password));
                Assert.Equal((HttpStatusCode.BadRequest, (Uri?)null), (refused.StatusCode, refused.Headers.Location));
            }
        }
        using (var begun = await tab.PostAsync(Link, "/account", ("password", BackChannel.Password)))
            Assert.Equal("/account", await tab.LocationAsync(host.Choose(begun.Headers.Location!, person)));
        Assert.Equal(id, await host.LinkedToAsync(person));
        Assert.Contains(username, await tab.TextAsync("/account"), StringComparison.Ordinal);
        Assert.Equal(1, await host.LiveSessionsAsync(id));
    }

    [Fact]
    [Case(154)]
    public async Task Somebody_of_Google_has_no_password_that_works()
    {
        var person = host.NewPerson();
        await host.SignInAsync(new Tab(host), person);
        var username = await host.ScalarAsync<string>("SELECT user_name FROM users WHERE id = $1", await host.LinkedToAsync(person));
        foreach (var password in new[] { GoogleHost.SharedPassword, HostFixture.AdminPassword, "x", new string('0', 20) })
        {
            foreach (var name in new[] { username!, person.Email! })
            {
                using var answer = await host.Client.PasswordGrantAsync(name, password);
                Assert.Equal("invalid_grant", (await answer.JsonAsync())["error"]!.GetValue<string>());
            }
        }
    }

    async Task<string> BeginLinkAsync(Tab tab, FakeGoogle.Person person)
    {
        using var answer = await tab.PostAsync(Link, "/account");
        Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
        return host.Choose(answer.Headers.Location!, person);
    }

    async Task<string> SessionOfAsync(string username) => (await host.ScalarAsync<string>(
        "SELECT replace(s.id::text, '-', '') FROM sessions s JOIN users u ON u.id = s.user_id WHERE u.user_name = $1 AND s.ended_at IS NULL", username))!;

    async Task<(Tab Tab, string Username, long Id)> SignedInAsync()
    {
        var (username, id) = await host.Client.RegisterAsync();
        var tab = new Tab(host);
        (await tab.SignInAsync(username, BackChannel.Password)).Dispose();
        return (tab, username, id);
    }

    static async Task<string> TextOfAsync(Tab tab, string path)
    {
        using var page = await tab.GetAsync(path);
        return WebUtility.HtmlDecode(await page.Content.ReadAsStringAsync());
    }
}
