using System.Net;
using System.Text.Json.Nodes;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol.Authorize;

/// <summary>The whole way, as an application and a person go it.</summary>
[Collection(AuthorizeHost.Name)]
public sealed class CodeFlowTests(AuthorizeHost host)
{
    [Case(17)]
    [Case("R34")]
    [Fact]
    public async Task Somebody_signs_in_agrees_and_the_application_gets_tokens()
    {
        var app = new RelyingParty(host, AuthorizeHost.Web);
        var (username, id) = await host.Client.RegisterAsync();
        var tab = new Tab(host);

        // Nobody is signed in: the sign-in page, which comes back to the request.
        using var begun = await tab.GetAsync(app.Address(("scope", "openid offline_access users:self")));
        Assert.Equal(HttpStatusCode.SeeOther, begun.StatusCode);
        Assert.StartsWith("/sign-in?return_to=%2Fconnect%2Fauthorize%2F", begun.Headers.Location!.OriginalString, StringComparison.Ordinal);
        var returnTo = Uri.UnescapeDataString(begun.Headers.Location.OriginalString.Split("return_to=")[1]);
        using var signedIn = await tab.SignInAsync(username, BackChannel.Password, returnTo);
        Assert.Equal(returnTo, signedIn.Headers.Location!.OriginalString);

        // Somebody else's application: asked, by name and host, in words.
        using var asked = await tab.GetAsync(returnTo);
        var consent = asked.Headers.Location!.OriginalString;
        Assert.StartsWith("/consent?id=", consent, StringComparison.Ordinal);
        var page = await tab.TextAsync(consent);
        Assert.Contains("Allow The web application to use your account?", page, StringComparison.Ordinal);
        Assert.Contains("rp.example", page, StringComparison.Ordinal);
        Assert.Contains("stay connected while you are away", page, StringComparison.Ordinal);

        var members = RelyingParty.Members(await RelyingParty.ArriveAsync(tab, returnTo));
        Assert.Equal((app.State, HostFixture.Issuer), (members["state"], members["iss"]));
        using var answer = await app.RedeemAsync(host.Client, members["code"]);
        var tokens = await answer.JsonAsync();
        Assert.True(answer.StatusCode == HttpStatusCode.OK, tokens.ToJsonString());
        Assert.Equal("no-store", answer.Headers.CacheControl!.ToString());
        Assert.Equal("openid offline_access users:self", tokens["scope"]!.GetValue<string>());

        var claims = RelyingParty.Claims(tokens["id_token"]!.GetValue<string>());
        Assert.Equal((HostFixture.Issuer, $"{id}", "web", app.Nonce), (Text(claims, "iss"), Text(claims, "sub"), Text(claims, "aud"), Text(claims, "nonce")));
        Assert.Equal("pwd", claims["amr"]![0]!.GetValue<string>());

        foreach (var node in host.Nodes)
        {
            using var me = await node.Client.GetAsync("/users/current", Text(tokens, "access_token"));
            Assert.Equal(HttpStatusCode.OK, me.StatusCode);
        }

        // The refresh token works, and its ID token says the same of the sign-in, and nothing of the nonce.
        using var refreshed = await host.Client.PostAsync("/connect/token", new FormUrlEncodedContent(
        [
            new("grant_type", "refresh_token"), new("refresh_token", Text(tokens, "refresh_token")), new("client_id", "web"), new("client_secret", AuthorizeHost.Secret),
        ]));
        // It registered for Basic.
        Assert.Equal(HttpStatusCode.Unauthorized, refreshed.StatusCode);
        var again = await RefreshAsync(Text(tokens, "refresh_token"));
        var second = RelyingParty.Claims(Text(again, "id_token"));
        Assert.Equal((Text(claims, "sub"), claims["auth_time"]!.GetValue<long>(), Text(claims, "sid")), (Text(second, "sub"), second["auth_time"]!.GetValue<long>(), Text(second, "sid")));
        Assert.False(second.ContainsKey("nonce"));

        // Next time nobody is asked.
        using var silent = await tab.GetAsync(app.Address(("prompt", "none"), ("scope", "openid users:self")));
        Assert.StartsWith(AuthorizeHost.Callback + "?code=ih_ac_", silent.Headers.Location!.OriginalString, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_is_for_the_resource_that_was_asked_for()
    {
        var app = new RelyingParty(host, AuthorizeHost.Own);
        var (tab, _, _) = await app.PersonAsync();
        var tokens = await app.TokensAsync(tab, ("scope", "openid users:self api.read"), ("resource", "https://api.example.com"));
        Assert.Equal("api.read", Text(tokens, "scope"));
        Assert.Equal("https://api.example.com", Text(RelyingParty.Claims(Text(tokens, "access_token")), "aud"));
        Assert.True(tokens.AsObject().ContainsKey("id_token"));

        var refused = RelyingParty.Members(await RelyingParty.ArriveAsync(tab, app.Address(("resource", "https://other.example"))));
        Assert.Equal("invalid_target", refused["error"]);
    }

    async Task<JsonNode> RefreshAsync(string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/connect/token")
        {
            Content = new FormUrlEncodedContent([new("grant_type", "refresh_token"), new("refresh_token", token)]),
        };
        request.Headers.TryAddWithoutValidation("Authorization", "Basic " + Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes($"web:{AuthorizeHost.Secret}")));
        using var answer = await host.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await answer.JsonAsync();
    }

    static string Text(JsonNode json, string name) => json[name]!.GetValue<string>();
}
