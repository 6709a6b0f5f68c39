using System.Net;
using System.Net.Http.Headers;
using System.Text;
using IdentityHost.Tests.Races;

namespace IdentityHost.Tests.Support;

/// <summary>What ends the access tokens of a person at once.</summary>
public enum RevokingAct
{
    Logout,
    RevokeToken,
    Disable,
    Delete,
    ForcedPasswordChange,
}

/// <summary>Somebody with an account of their own who has just signed in.</summary>
/// <param name="Username">The name; the password is <see cref="BackChannel.Password"/>.</param>
/// <param name="Id">The account.</param>
/// <param name="Tokens">What they were given.</param>
public sealed record SignedIn(string Username, long Id, RaceAnswer Tokens)
{
    const string NewPassword = "another quiet place";

    const string Introspector = "demo-service:demo-service-secret-for-development-only";

    public string AccessToken => Tokens.AccessToken!;

    /// <summary>Registers somebody new and signs them in.</summary>
    public static async Task<SignedIn> NewAsync(HttpClient node)
    {
        var (username, id) = await node.RegisterAsync();
        var answer = await RaceAnswer.OfAsync(-1, node.PasswordGrantAsync(username, BackChannel.Password));
        Assert.True(answer.Granted, answer.Body.ToJsonString());
        return new SignedIn(username, id, answer);
    }

    /// <summary>What must be in the database before the act itself can be timed.</summary>
    public async Task PrepareAsync(HostFixture host, RevokingAct act)
    {
        if (act == RevokingAct.ForcedPasswordChange)
            Assert.Equal(1, await host.ExecuteAsync("UPDATE users SET must_change_password = true WHERE id = $1", Id));
    }

    /// <summary>Does it at one node, and returns when it is answered: from then on nothing of theirs may be accepted there.</summary>
    public async Task EndAsync(RevokingAct act, HttpClient node, string admin)
    {
        using var response = await (act switch
        {
            RevokingAct.Logout => node.CallAsync(HttpMethod.Delete, "/users/logout", AccessToken),
            RevokingAct.RevokeToken => node.PostAsync("/connect/revoke", new FormUrlEncodedContent([new("client_id", "demo"), new("token", AccessToken)])),
            RevokingAct.Disable => node.CallAsync(HttpMethod.Patch, $"/users/{Id}/status", admin, new { status = false }),
            RevokingAct.Delete => node.CallAsync(HttpMethod.Delete, $"/users/{Id}", admin),
            _ => node.PasswordGrantAsync(Username, BackChannel.Password, ("new_password", NewPassword)),
        });
        Assert.True(response.IsSuccessStatusCode, $"{act}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");
    }

    /// <summary>
    /// Whether the node calls the access token active when a resource server asks (RFC 7662). It judges by the feed alone; an API that reads
    /// the account would refuse a deleted one anyway.
    /// </summary>
    public async Task<bool> IsActiveAsync(HttpClient node)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/connect/introspect") { Content = new FormUrlEncodedContent([new("token", AccessToken)]) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(Introspector)));
        using var answer = await node.SendAsync(request);
        var body = await answer.JsonAsync();
        Assert.True(answer.IsSuccessStatusCode, body.ToJsonString());
        return body["active"]!.GetValue<bool>();
    }

    /// <summary>Whether the node, as a resource server itself, lets the access token in.</summary>
    public async Task<bool> IsAcceptedAsync(HttpClient node)
    {
        using var answer = await node.GetAsync("/users/current", AccessToken);
        Assert.True(answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.Unauthorized, $"{(int)answer.StatusCode}");
        return answer.IsSuccessStatusCode;
    }
}
