using System.Net;
using IdentityHost.Tests.Protocol.Authorize;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Pages;

/// <summary>Whoever proves once more who they are loses nothing, and a cookie from before is worth nothing.</summary>
[Collection(AuthorizeHost.Name)]
public sealed class SignInAgainTests(AuthorizeHost host)
{
    [Case(11)]
    [Case(125)]
    [Fact]
    public async Task The_session_and_its_grants_go_on_under_a_new_cookie()
    {
        var app = new RelyingParty(host, AuthorizeHost.Own);
        var (tab, username, _) = await app.PersonAsync();
        var tokens = await app.TokensAsync(tab, ("scope", "openid offline_access users:self"));
        var before = tab.Copy();
        var first = RelyingParty.Claims(tokens["id_token"]!.GetValue<string>());

        using var asked = await tab.GetAsync(app.Address(("prompt", "login"), ("scope", "openid")));
        var returnTo = Uri.UnescapeDataString(asked.Headers.Location!.OriginalString.Split("return_to=")[1].Split('&')[0]);
        using var again = await tab.PostAsync("/sign-in", asked.Headers.Location.OriginalString, ("identifier", username), ("password", BackChannel.Password), ("return_to", returnTo));
        var members = RelyingParty.Members(await RelyingParty.ArriveAsync(tab, again.Headers.Location!.OriginalString));
        using var answer = await app.RedeemAsync(host.Client, members["code"]);
        var second = RelyingParty.Claims((await answer.JsonAsync())["id_token"]!.GetValue<string>());
        Assert.Equal(first["sid"]!.GetValue<string>(), second["sid"]!.GetValue<string>());
        Assert.True(second["auth_time"]!.GetValue<long>() >= first["auth_time"]!.GetValue<long>());

        // What the first sign-in gave still works; what shows its cookie is nobody.
        foreach (var node in host.Nodes)
        {
            using var me = await node.Client.GetAsync("/users/current", tokens["access_token"]!.GetValue<string>());
            Assert.Equal(HttpStatusCode.OK, me.StatusCode);
        }
        using var old = await before.GetAsync("/account");
        Assert.Equal(HttpStatusCode.SeeOther, old.StatusCode);
        using var mine = await tab.GetAsync("/account");
        Assert.Equal(HttpStatusCode.OK, mine.StatusCode);
        Assert.Equal(1, await host.ScalarAsync<long>(
            "SELECT count(*) FROM sessions s JOIN users u ON u.id = s.user_id WHERE u.user_name = $1 AND s.ended_at IS NULL", username));
    }

    [Case(125)]
    [Fact]
    public async Task Somebody_else_gets_a_session_of_their_own_and_the_old_one_ends_with_all_its_grants()
    {
        var app = new RelyingParty(host, AuthorizeHost.Own);
        var (tab, _, _) = await app.PersonAsync();
        var tokens = await app.TokensAsync(tab, ("scope", "openid offline_access users:self"));
        var (other, _) = await host.Client.RegisterAsync();
        using var answer = await tab.PostSignInAsync(other, BackChannel.Password);
        Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
        foreach (var node in host.Nodes)
        {
            await Eventually.TrueAsync(async () =>
            {
                using var me = await node.Client.GetAsync("/users/current", tokens["access_token"]!.GetValue<string>());
                return me.StatusCode == HttpStatusCode.Unauthorized;
            }, TimeSpan.FromSeconds(2));
        }
    }
}
