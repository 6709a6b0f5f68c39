using System.Net;
using IdentityHost.Tests.Protocol;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Pages;

/// <summary>People change their own e-mail and password by the pages.</summary>
[Collection(SharedHost.Name)]
public sealed class OwnAccountTests(HostFixture host)
{
    const string NewPassword = "seven bright stones";

    [Fact]
    [Case(142)]
    public async Task New_address_takes_effect_when_it_confirms_and_the_old_one_is_told()
    {
        var (username, id, old, tab) = await SignedInAsync();
        var wish = $"new-{username}@example.com";
        using (var asked = await ChangeEmailAsync(tab, wish, BackChannel.Password))
        {
            Assert.Equal(HttpStatusCode.OK, asked.StatusCode);
            Assert.Contains($"Look in the mail of {wish}", await asked.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
        Assert.Equal(old, await host.ScalarAsync<string>("SELECT email FROM users WHERE id = $1", id));
        Assert.Contains($"Waiting for {wish}", await tab.TextAsync("/account"), StringComparison.Ordinal);
        Assert.Contains(wish, await host.MailToAsync(old), StringComparison.Ordinal);
        var token = await host.Client.AccessTokenAsync(username);
        using (var me = await host.Client.GetAsync("/users/current", token))
            Assert.Equal(wish, (await me.JsonAsync())["data"]!["pending_email"]!.GetValue<string>());

        using (var confirmed = await new Tab(host).ConfirmAsync(await host.LinkToAsync(wish)))
            Assert.Equal(HttpStatusCode.SeeOther, confirmed.StatusCode);
        Assert.Equal(
            $"{wish} {wish.ToUpperInvariant()} true -",
            await host.ScalarAsync<string>("SELECT email || ' ' || normalized_email || ' ' || email_confirmed || ' ' || coalesce(pending_email, '-') FROM users WHERE id = $1", id));
        using var signIn = await new Tab(host).SignInAsync(wish, BackChannel.Password);
        Assert.Equal(HttpStatusCode.SeeOther, signIn.StatusCode);
        using var byOld = await new Tab(host).SignInAsync(old, BackChannel.Password);
        Assert.Equal(HttpStatusCode.BadRequest, byOld.StatusCode);
    }

    [Fact]
    [Case(142)]
    public async Task Without_the_password_nothing_is_asked_and_nobody_is_written_to()
    {
        var (username, id, old, tab) = await SignedInAsync();
        var before = await host.MailsToAsync(old);
        foreach (var password in new[] { "", "wrong password" })
        {
            using var refused = await ChangeEmailAsync(tab, $"new-{username}@example.com", password);
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
            Assert.Contains("id=\"password-flaw\"", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
        Assert.Null(await host.ScalarAsync<string>("SELECT pending_email FROM users WHERE id = $1", id));
        Assert.Equal((before, 0), (await host.MailsToAsync(old), await host.MailsToAsync($"new-{username}@example.com")));
    }

    [Fact]
    [Case(150)]
    public async Task Wrong_passwords_count_with_those_of_the_sign_in_page()
    {
        var (username, _, _, tab) = await SignedInAsync();
        for (var i = 0; i < 5; i++)
        {
            using var wrong = await ChangeEmailAsync(tab, $"new-{username}@example.com", "wrong password");
            Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
        }
        using var blocked = await ChangeEmailAsync(tab, $"new-{username}@example.com", BackChannel.Password);
        Assert.Equal(HttpStatusCode.TooManyRequests, blocked.StatusCode);
        using var signIn = await new Tab(host).SignInAsync(username, BackChannel.Password);
        Assert.Equal(HttpStatusCode.TooManyRequests, signIn.StatusCode);
    }

    [Fact]
    [Case(142)]
    public async Task Pending_change_dies_with_a_reset()
    {
        var (username, id, old, tab) = await SignedInAsync();
        var wish = $"new-{username}@example.com";
        using (await ChangeEmailAsync(tab, wish, BackChannel.Password))
        {
        }
        using (await new Tab(host).ResetAsync(await host.ForgetAsync(old), NewPassword))
        {
        }
        using (var confirmed = await new Tab(host).ConfirmAsync(await host.LinkToAsync(wish)))
            Assert.Equal(HttpStatusCode.BadRequest, confirmed.StatusCode);
        Assert.Equal($"{old} -", await host.ScalarAsync<string>("SELECT email || ' ' || coalesce(pending_email, '-') FROM users WHERE id = $1", id));
    }

    [Fact]
    [Case(142)]
    public async Task Of_several_who_want_one_address_the_first_to_confirm_has_it()
    {
        var wish = $"{BackChannel.NewName()}@example.com";
        var links = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            var (_, _, _, tab) = await SignedInAsync();
            using (await ChangeEmailAsync(tab, wish, BackChannel.Password))
            {
            }
            links.Add(await host.LinkToAsync(wish));
        }
        var statuses = await Task.WhenAll(links.Select(async link =>
        {
            using var answer = await new Tab(host).ConfirmAsync(link);
            return answer.StatusCode;
        }));
        Assert.Single(statuses, s => s == HttpStatusCode.SeeOther);
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM users WHERE email = $1", wish));
        // And nobody could have more mail sent there.
        var (_, _, _, fourth) = await SignedInAsync();
        using var refused = await ChangeEmailAsync(fourth, wish, BackChannel.Password);
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
    }

    [Fact]
    [Case(142)]
    public async Task Page_does_not_tell_whether_an_address_has_an_account()
    {
        var (_, _, taken) = await host.PersonAsync();
        var pages = new HashSet<string>(StringComparer.Ordinal);
        foreach (var wish in new[] { taken, $"{BackChannel.NewName()}@example.com" })
        {
            var (_, _, _, tab) = await SignedInAsync();
            using var asked = await ChangeEmailAsync(tab, wish, BackChannel.Password);
            pages.Add($"{asked.StatusCode} {(await asked.Content.ReadAsStringAsync()).Replace(wish, "…", StringComparison.Ordinal)}");
        }
        Assert.Single(pages);
    }

    [Fact]
    [Case(148)]
    public async Task Own_password_needs_the_one_they_have()
    {
        var (username, id, _, tab) = await SignedInAsync();
        var hash = await host.ScalarAsync<string>("SELECT password_hash FROM users WHERE id = $1", id);
        foreach (var (current, wish) in new[] { ("", NewPassword), ("wrong password", NewPassword), (NewPassword, NewPassword), (BackChannel.Password, "password123"), (BackChannel.Password, BackChannel.Password), (BackChannel.Password, $"{username}!") })
        {
            using var refused = await ChangePasswordAsync(tab, current, wish);
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        }
        Assert.Equal(hash, await host.ScalarAsync<string>("SELECT password_hash FROM users WHERE id = $1", id));
        Assert.Contains(username, await tab.TextAsync("/account"), StringComparison.Ordinal);
    }

    [Fact]
    [Case(148)]
    public async Task Own_password_changes_and_only_this_browser_stays_signed_in()
    {
        var (username, _, email, tab) = await SignedInAsync();
        var copied = tab.Copy();
        var other = new Tab(host);
        using (await other.SignInAsync(username, BackChannel.Password))
        {
        }
        var token = await host.Client.AccessTokenAsync(username);
        using (var changed = await ChangePasswordAsync(tab, BackChannel.Password, NewPassword))
            Assert.Equal((HttpStatusCode.SeeOther, "/account?notice=password"), (changed.StatusCode, changed.Headers.Location?.ToString()));
        for (var node = 0; node < 2; node++)
        {
            Assert.Contains(username, await tab.TextAsync("/account?notice=password"), StringComparison.Ordinal);
            foreach (var dead in new[] { other, copied })
            {
                using var answer = await dead.GetAsync("/account");
                Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
            }
        }
        await host.EventuallyRefusedAsync(token);
        Assert.Contains("was changed just now", await host.MailToAsync(email), StringComparison.Ordinal);
        await host.Client.PasswordGrantAsync(username, NewPassword).GrantedAsync();
    }

    [Theory]
    [Case(143)]
    [InlineData("/account/email")]
    [InlineData("/account/password")]
    public async Task Nobody_is_there_without_being_signed_in(string path)
    {
        using var answer = await new Tab(host).GetAsync(path);
        Assert.Equal((HttpStatusCode.SeeOther, $"/sign-in?return_to={Uri.EscapeDataString(path)}"), (answer.StatusCode, answer.Headers.Location?.ToString()));
        var tab = new Tab(host);
        using var posted = await tab.PostAsync(path, "/sign-in", ("password", BackChannel.Password), ("new_password", NewPassword), ("email", "x@example.com"));
        Assert.Equal(HttpStatusCode.SeeOther, posted.StatusCode);
    }

    [Fact]
    [Case(128)]
    public async Task Form_without_its_token_changes_nothing()
    {
        var (_, id, _, tab) = await SignedInAsync();
        foreach (var (path, fields) in new (string, (string, string)[])[]
        {
            ("/account/email", [("email", "x@example.com"), ("password", BackChannel.Password)]),
            ("/account/password", [("password", BackChannel.Password), ("new_password", NewPassword)]),
            ("/forgot-password", [("email", "x@example.com")]),
            ("/sign-up", [("username", BackChannel.NewName())]),
            ("/confirm-email", [("token", "x")]),
            ("/reset-password", [("token", "x")]),
        })
        {
            using var answer = await tab.SendAsync(HttpMethod.Post, path, fields);
            Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        }
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE kind IN ('password_changed', 'email_change_asked') AND subject_id = $1", id));
    }

    async Task<(string Username, long Id, string Email, Tab Tab)> SignedInAsync()
    {
        var (username, id, email) = await host.PersonAsync();
        var tab = new Tab(host);
        using var answer = await tab.SignInAsync(username, BackChannel.Password);
        Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
        return (username, id, email, tab);
    }

    static Task<HttpResponseMessage> ChangeEmailAsync(Tab tab, string email, string password) =>
        tab.PostAsync("/account/email", "/account/email", ("email", email), ("password", password));

    static Task<HttpResponseMessage> ChangePasswordAsync(Tab tab, string password, string newPassword) =>
        tab.PostAsync("/account/password", "/account/password", ("password", password), ("new_password", newPassword));
}
