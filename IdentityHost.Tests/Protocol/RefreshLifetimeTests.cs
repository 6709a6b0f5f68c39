using System.Net;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol;

/// <summary>How long refresh tokens live, by the database's clock. A host of its own: moving time would disturb others.</summary>
public sealed class RefreshLifetimeTests(HostFixture host) : IClassFixture<HostFixture>
{
    [Fact]
    [Case(71)]
    public async Task After_the_grace_the_predecessor_is_a_replay_although_its_successor_was_never_used()
    {
        var token = await SignInAsync();
        var successor = await RefreshAsync(token, TimeSpan.Zero, works: true);
        await RefreshAsync(token, TimeSpan.FromSeconds(50), works: true);
        using var answer = await host.Client.TokenAsync(("grant_type", "refresh_token"), ("client_id", "demo"), ("refresh_token", token));
        var access = (await answer.JsonAsync())["access_token"]!.ToString();
        await RefreshAsync(token, TimeSpan.FromSeconds(70), works: false);
        // The whole family is dead, and what it bought.
        await RefreshAsync(successor!, TimeSpan.FromSeconds(70), works: false);
        foreach (var node in host.Nodes)
        {
            using var dead = await node.Client.GetAsync("/users/current", access);
            Assert.Equal(HttpStatusCode.Unauthorized, dead.StatusCode);
        }
    }

    [Fact]
    [Case(76)]
    public async Task Idle_grant_ends()
    {
        var token = await SignInAsync();
        token = await RefreshAsync(token, TimeSpan.FromDays(13), works: true);
        token = await RefreshAsync(token!, TimeSpan.FromDays(26), works: true);
        await RefreshAsync(token!, TimeSpan.FromDays(41), works: false);
    }

    [Fact]
    [Case(76)]
    public async Task Grant_ends_at_its_absolute_lifetime_however_often_it_was_used()
    {
        var token = await SignInAsync();
        for (var day = 10; day < 90; day += 10)
            token = await RefreshAsync(token!, TimeSpan.FromDays(day), works: true);
        await RefreshAsync(token!, TimeSpan.FromDays(91), works: false);
    }

    async Task<string> SignInAsync()
    {
        await host.Clock.SetAsync(TimeSpan.Zero);
        var (username, _) = await host.Client.RegisterAsync();
        using var response = await host.Client.PasswordGrantAsync(username, BackChannel.Password);
        return (await response.JsonAsync())["refresh_token"]!.ToString();
    }

    async Task<string?> RefreshAsync(string token, TimeSpan at, bool works)
    {
        await host.Clock.SetAsync(at);
        using var response = await host.Client.TokenAsync(("grant_type", "refresh_token"), ("client_id", "demo"), ("refresh_token", token));
        Assert.Equal(works ? HttpStatusCode.OK : HttpStatusCode.BadRequest, response.StatusCode);
        return (await response.JsonAsync())["refresh_token"]?.ToString();
    }
}
