using IdentityHost.Protocol.Keys;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol.Logout;

/// <summary>The ways in which a browser's session ends.</summary>
static class Endings
{
    const string NewPassword = "another quiet place";

    /// <summary>Ends the session of somebody's browser.</summary>
    internal static async Task EndAsync(this LogoutHost host, SignedInBrowser person, string end)
    {
        var admin = end is "disable" or "delete" or "password of the system" ? await host.Client.AdminTokenAsync() : null;
        using var answer = await (end switch
        {
            "page" => person.Tab.PostAsync("/sign-out", "/sign-out"),
            "everywhere" => person.Tab.PostAsync("/account?handler=EndAll", "/account"),
            "other session" => ElsewhereAsync(host, person),
            "somebody else signs in" => ByAnotherAsync(host, person),
            "password" => person.Tab.PostAsync("/account/password", "/account/password", ("password", BackChannel.Password), ("new_password", NewPassword)),
            "password by the API" => host.Client.CallAsync(
                HttpMethod.Patch, "/users/current/password", await host.Client.AccessTokenAsync(person.Username),
                new { old_password = BackChannel.Password, new_password = NewPassword }),
            "password of the system" => host.Client.CallAsync(HttpMethod.Post, $"/users/{person.Id}/password", admin),
            "mailed link" => ByLinkAsync(host, person),
            "api" => ByTokenAsync(host, person),
            "disable" => host.Client.CallAsync(HttpMethod.Patch, $"/users/{person.Id}/status", admin, new { status = false }),
            _ => host.Client.CallAsync(HttpMethod.Delete, $"/users/{person.Id}", admin),
        });
        Assert.True((int)answer.StatusCode < 400, $"{end}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
    }

    /// <summary>In the same browser.</summary>
    static async Task<HttpResponseMessage> ByAnotherAsync(LogoutHost host, SignedInBrowser person) =>
        await person.Tab.PostSignInAsync((await host.Client.RegisterAsync()).Username, BackChannel.Password);

    /// <summary>From another browser of the same person.</summary>
    static async Task<HttpResponseMessage> ElsewhereAsync(LogoutHost host, SignedInBrowser person)
    {
        var tab = new Tab(host);
        using (await tab.SignInAsync(person.Username, BackChannel.Password))
        {
        }
        return await tab.PostAsync("/account?handler=End", "/account", ("session", person.Session.ToString("N")));
    }

    static async Task<HttpResponseMessage> ByLinkAsync(LogoutHost host, SignedInBrowser person)
    {
        var link = await host.ForgetAsync($"{person.Username}@example.com");
        return await new Tab(host).ResetAsync(link, NewPassword);
    }

    /// <summary>By an access token of the browser's session, as an application that has a grant on it would.</summary>
    static async Task<HttpResponseMessage> ByTokenAsync(LogoutHost host, SignedInBrowser person)
    {
        var own = new HostTokens(host.Nodes[0].Service<SigningKeys>().Signing(["ES256"])!, await host.Client.AccessTokenAsync(person.Username));
        return await host.Client.CallAsync(HttpMethod.Delete, "/users/logout", own.WithClaims(("sid", person.Session.ToString("N"))));
    }
}
