using System.Net;
using FakeGoogle;
using IdentityHost.Tests.Support;
using IdentityHost.Tests.Users;

namespace IdentityHost.Tests.SignIn.Google;

/// <summary>
/// Somebody makes an account with the victim's address and waits (Sudhodanan and Paverd, 2022). After the victim's first sign-in with Google the
/// attacker holds nothing: no password, session, token, waiting change, or other way in.
/// </summary>
[Collection(SharedGoogle.Name)]
[Case(160)]
public sealed class PreHijackTests(GoogleHost host)
{
    [Fact]
    public async Task Password_that_was_set_first()
    {
        var (person, username, id) = await SquatAsync();
        await VictimArrivesAsync(person, id);
        foreach (var name in new[] { username, person.Email! })
        {
            using var answer = await host.Client.PasswordGrantAsync(name, BackChannel.Password);
            Assert.Equal("invalid_grant", (await answer.JsonAsync())["error"]!.GetValue<string>());
        }
        // Nothing that was sent to the attacker by mail opens the account either.
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM account_tokens WHERE user_id = $1", id));
    }

    [Fact]
    public async Task Session_that_was_opened_first()
    {
        var (person, username, id) = await SquatAsync();
        var tab = new Tab(host);
        (await tab.SignInAsync(username, BackChannel.Password)).Dispose();
        var access = await host.Client.AccessTokenAsync(username);
        using var grant = await host.Client.PasswordGrantAsync(username, BackChannel.Password);
        var refresh = (await grant.JsonAsync())["refresh_token"]!.GetValue<string>();

        await VictimArrivesAsync(person, id);
        for (var node = 0; node < 2; node++)
        {
            using var page = await tab.GetAsync("/account");
            Assert.Equal(HttpStatusCode.SeeOther, page.StatusCode);
            using var refreshed = await host.Client.TokenAsync(("grant_type", "refresh_token"), ("client_id", "demo"), ("refresh_token", refresh));
            Assert.Equal("invalid_grant", (await refreshed.JsonAsync())["error"]!.GetValue<string>());
        }
        await host.EventuallyRefusedAsync(access);
        foreach (var node in host.Nodes)
            (await node.Client.AskAsync("GET", "/users/current", access)).MustBe(401, "token_revoked");
    }

    [Fact]
    public async Task Identity_of_their_own_that_was_linked_first()
    {
        var (person, username, id) = await SquatAsync();
        var attacker = host.NewPerson(p => p with { Email = $"{BackChannel.NewName()}@mail.example" });
        var tab = new Tab(host);
        (await tab.SignInAsync(username, BackChannel.Password)).Dispose();
        using (var link = await tab.PostAsync("/account?handler=Link", "/account"))
            Assert.Equal("/account", await tab.LocationAsync(host.Choose(link.Headers.Location!, attacker)));
        Assert.Equal(id, await host.LinkedToAsync(attacker));
        await host.ExecuteAsync("INSERT INTO user_tokens (user_id, login_provider, name, value) VALUES ($1, '[AspNetUserStore]', 'AuthenticatorKey', 'x')", id);

        await VictimArrivesAsync(person, id);
        Assert.Equal(0, await host.LinkedToAsync(attacker));
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM user_tokens WHERE user_id = $1", id));
        await host.SignInAsync(new Tab(host), attacker);
        Assert.NotEqual(id, await host.LinkedToAsync(attacker));
    }

    [Fact]
    public async Task Change_of_address_that_waits_for_its_confirmation()
    {
        var (person, _, id) = await SquatAsync();
        await host.ExecuteAsync("UPDATE users SET pending_email = 'attacker@mail.example' WHERE id = $1", id);
        await host.ExecuteAsync(
            "INSERT INTO account_tokens (key, purpose, user_id, email, expires_at) VALUES ($1, 0, $2, 'attacker@mail.example', now() + interval '1 day')",
            System.Security.Cryptography.RandomNumberGenerator.GetBytes(32), id);
        await VictimArrivesAsync(person, id);
        Assert.Null(await host.ScalarAsync<string>("SELECT pending_email FROM users WHERE id = $1", id));
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM account_tokens WHERE user_id = $1", id));
    }

    /// <summary>The lax provider: Google itself, about an address that it has not verified.</summary>
    [Fact]
    public async Task Account_that_was_made_by_a_provider_that_does_not_verify()
    {
        var victim = host.NewPerson();
        var attacker = host.NewPerson(p => p with { Email = victim.Email, EmailVerified = false });
        var tab = new Tab(host);
        Assert.Equal("/account", await host.SignInAsync(tab, attacker));
        var id = await host.LinkedToAsync(attacker);

        await VictimArrivesAsync(victim, id);
        Assert.Equal(0, await host.LinkedToAsync(attacker));
        using (var page = await tab.GetAsync("/account"))
            Assert.Equal(HttpStatusCode.SeeOther, page.StatusCode);
        Assert.StartsWith("/sign-in?problem=google_unverified", await host.SignInAsync(tab, attacker), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sign_in_of_the_squatter_at_the_same_moment_ends_with_nothing()
    {
        var (person, username, id) = await SquatAsync();
        var victim = new Tab(host);
        var callback = host.Choose(await victim.AuthorizeAsync(), person);
        var attempts = Enumerable.Range(0, 8).Select(_ => host.Client.PasswordGrantAsync(username, BackChannel.Password)).ToList();
        Assert.Equal("/account", await victim.LocationAsync(callback));
        foreach (var attempt in attempts)
            (await attempt).Dispose();
        Assert.Equal((1L, 0L), (await host.LiveSessionsAsync(id), await host.LiveGrantsAsync(id)));
    }

    async Task<(Person Person, string Username, long Id)> SquatAsync()
    {
        var person = host.NewPerson();
        var (username, id) = await host.RegisterAsync(person.Email!, confirmed: false);
        return (person, username, id);
    }

    async Task VictimArrivesAsync(Person person, long id)
    {
        var tab = new Tab(host);
        Assert.Equal("/account", await host.SignInAsync(tab, person));
        Assert.Equal((id, "external_squatter_removed"), (await host.LinkedToAsync(person), await host.DecisionAsync(id)));
        Assert.Contains("Budi Santoso", await tab.TextAsync("/account"), StringComparison.Ordinal);
        Assert.Equal((1L, 0L), (await host.LiveSessionsAsync(id), await host.LiveGrantsAsync(id)));
        Assert.True(await host.ScalarAsync<bool>("SELECT email_confirmed AND password_hash IS NULL AND password_origin = 0 FROM users WHERE id = $1", id));
    }
}
