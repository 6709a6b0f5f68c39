using System.Net;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol.Authorize;

/// <summary>What an application may ask for of the sign-in, and what it may forbid.</summary>
[Collection(AuthorizeHost.Name)]
public sealed class PromptTests(AuthorizeHost host)
{
    readonly RelyingParty _app = new(host, AuthorizeHost.Own);
    readonly RelyingParty _asks = new(host, AuthorizeHost.Web);

    [Fact]
    [Case(9)]
    public async Task None_asks_nobody_anything()
    {
        await host.RefusesAsync(_app, "login_required", _app.Address(("prompt", "none")));
        await host.RefusesAsync(_app, "login_required", _app.Address(("prompt", "none")), Forged());
        var (tab, _, _) = await _asks.PersonAsync();
        await host.RefusesAsync(_asks, "consent_required", _asks.Address(("prompt", "none")), tab);
        foreach (var prompt in new[] { "none login", "login none", "none consent", "none none select_account", "nobody", "NONE", "login,consent" })
            await host.RefusesAsync(_asks, "invalid_request", _asks.Address(("prompt", prompt)), tab);
        await host.RefusesAsync(_app, "login_required", _app.Address(("prompt", "none"), ("max_age", "0")), tab);

        // What was allowed is remembered, and no more than that.
        await _asks.CodeAsync(tab, ("scope", "openid users:self"));
        await _asks.CodeAsync(tab, ("prompt", "none"), ("scope", "users:self openid"));
        await host.RefusesAsync(_asks, "consent_required", _asks.Address(("prompt", "none"), ("scope", "openid users:self email")), tab);
        // And by whom.
        var (other, _, _) = await _asks.PersonAsync();
        await host.RefusesAsync(_asks, "consent_required", _asks.Address(("prompt", "none")), other);
    }

    [Fact]
    [Case(10)]
    public async Task Cancelling_a_new_sign_in_leaves_the_old_one_and_gives_no_code()
    {
        var (tab, _, id) = await _app.PersonAsync();
        var returnTo = await tab.BegunAsync(_app.Address(("prompt", "login")));
        var page = await tab.TextAsync($"/sign-in?return_to={Uri.EscapeDataString(returnTo)}&again=true");
        Assert.Contains($"href=\"{returnTo}/cancel\"", page, StringComparison.Ordinal);
        // Coming back without having signed in leads to the page again, however often.
        Assert.Equal(returnTo, await tab.BegunAsync(returnTo));
        var rows = await host.RowsAsync();
        using var cancelled = await tab.GetAsync(returnTo + "/cancel");
        AuthorizeAnswers.IsError(cancelled, "access_denied", _app.State);
        Assert.Equal(rows, await host.RowsAsync());
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM sessions WHERE user_id = $1 AND ended_at IS NULL", id));
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM authorization_codes WHERE user_id = $1", id));
        await _app.CodeAsync(tab);
    }

    [Theory]
    [InlineData("prompt", "login")]
    [InlineData("prompt", "login consent")]
    [InlineData("max_age", "0")]
    [Case(11)]
    public async Task A_new_sign_in_that_is_asked_for_is_a_new_one(string name, string value)
    {
        var (tab, username, id) = await _app.PersonAsync();
        var before = RelyingParty.Claims((await _app.TokensAsync(tab))["id_token"]!.GetValue<string>());
        await Task.Delay(1100);
        var returnTo = await tab.BegunAsync(_app.Address((name, value)));
        using var again = await tab.PostAsync("/sign-in", $"/sign-in?again=true&return_to={Uri.EscapeDataString(returnTo)}", ("identifier", username), ("password", BackChannel.Password), ("return_to", returnTo));
        Assert.Equal((HttpStatusCode.SeeOther, returnTo), (again.StatusCode, again.Headers.Location!.OriginalString));
        var members = RelyingParty.Members(await RelyingParty.ArriveAsync(tab, returnTo));
        using var answer = await _app.RedeemAsync(host.Client, members["code"]);
        var after = RelyingParty.Claims((await answer.JsonAsync())["id_token"]!.GetValue<string>());
        Assert.True(after["auth_time"]!.GetValue<long>() > before["auth_time"]!.GetValue<long>());
        Assert.Equal((id.ToString(System.Globalization.CultureInfo.InvariantCulture), before["sub"]!.GetValue<string>()), (after["sub"]!.GetValue<string>(), after["sub"]!.GetValue<string>()));
        // The session goes on, with what other applications hang on it.
        Assert.Equal(before["sid"]!.GetValue<string>(), after["sid"]!.GetValue<string>());
    }

    [Fact]
    [Case(11)]
    public async Task A_sign_in_may_be_as_old_as_is_said_and_not_older()
    {
        var (tab, _, _) = await _app.PersonAsync();
        await _app.CodeAsync(tab, ("max_age", "3600"));
        await Task.Delay(2100);
        await tab.BegunAsync(_app.Address(("max_age", "1")));
        await _app.CodeAsync(tab, ("max_age", "3600"), ("prompt", "none"));
        await _app.CodeAsync(tab, ("max_age", $"{int.MaxValue}"));
        foreach (var age in new[] { "-1", "1.5", "x", "2147483648", "+1", " 1", "1e3", "٣" })
            await host.RefusesAsync(_app, "invalid_request", _app.Address(("max_age", age)), tab);
    }

    [Theory]
    [InlineData("consent")]
    [InlineData("select_account")]
    public async Task Whoever_is_to_be_asked_is_asked_though_they_agreed_before_or_need_not(string prompt)
    {
        foreach (var app in new[] { _app, _asks })
        {
            var (tab, _, _) = await app.PersonAsync();
            await app.CodeAsync(tab);
            var (page, id) = await tab.AskedAsync(app.Address(("prompt", prompt)));
            // Going on without an answer asks again.
            using (var again = await tab.GetAsync($"/connect/authorize/{id}"))
                Assert.Equal(page, again.Headers.Location!.OriginalString);
            var members = RelyingParty.Members(await RelyingParty.ArriveAsync(tab, page));
            Assert.Equal(app.State, members["state"]);
            Assert.StartsWith("ih_ac_", members["code"], StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Somebody_who_wants_a_new_account_comes_back_with_it()
    {
        var (tab, _, _) = await _app.PersonAsync();
        using var begun = await tab.GetAsync(_app.Address(("prompt", "create"), ("login_hint", "a@b<c>"), ("ui_locales", "id")));
        Assert.StartsWith("/sign-up?return_to=%2Fconnect%2Fauthorize%2F", begun.Headers.Location!.OriginalString, StringComparison.Ordinal);
    }

    /// <summary>Somebody who made their cookie up.</summary>
    Tab Forged()
    {
        var tab = new Tab(host);
        tab.Cookies["identityhost"] = "CfDJ8" + new string('A', 200);
        return tab;
    }
}
