using System.Net;
using IdentityHost.Tests.Protocol;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Faults;

/// <summary>An access token whose end a test can wait for, measured by the true time.</summary>
/// <param name="Value">The token.</param>
/// <param name="Expires">Its <c>exp</c>.</param>
sealed record ShortToken(string Value, DateTimeOffset Expires)
{
    const string Service = "demo-service:demo-service-secret-for-development-only";

    /// <summary>Signs somebody in.</summary>
    public static Task<ShortToken> IssueAsync(NodeProcess node, SignedIn person) =>
        ReadAsync(() => node.Client.PasswordGrantAsync(person.Username, BackChannel.Password));

    /// <summary>A client's own token, for which the node asks nobody.</summary>
    public static Task<ShortToken> IssueForServiceAsync(NodeProcess node) =>
        ReadAsync(() => node.Client.BasicAsync(Service, ("grant_type", "client_credentials")));

    /// <summary>What the answer and the token say of time must be true.</summary>
    static async Task<ShortToken> ReadAsync(Func<Task<HttpResponseMessage>> request)
    {
        var asked = DateTimeOffset.UtcNow;
        var answer = await request().GrantedAsync();
        var answered = DateTimeOffset.UtcNow;
        var token = answer["access_token"]!.GetValue<string>();
        var claims = Answers.ClaimsOf(token);
        var (issued, expires) = (claims["iat"]!.GetValue<long>(), claims["exp"]!.GetValue<long>());
        Assert.Equal((ShortLives.Token, ShortLives.Token), (answer["expires_in"]!.GetValue<int>(), expires - issued));
        Assert.InRange(issued, asked.AddSeconds(-ShortLives.Slack).ToUnixTimeSeconds(), answered.AddSeconds(ShortLives.Slack).ToUnixTimeSeconds());
        return new ShortToken(token, DateTimeOffset.FromUnixTimeSeconds(expires));
    }

    public async Task MustBeAcceptedAsync(NodeProcess node)
    {
        var asked = DateTimeOffset.UtcNow;
        Assert.True(await IsAcceptedAsync(node), $"Refused {(Expires - asked).TotalSeconds:0.0} s before its end.");
    }

    /// <summary>Every node accepts it until its end, and none after.</summary>
    public Task MustLiveExactlyAsync(IReadOnlyList<NodeProcess> nodes) => Task.WhenAll(nodes.Select(MustLiveExactlyAsync));

    async Task MustLiveExactlyAsync(NodeProcess node)
    {
        while (DateTimeOffset.UtcNow is var asked && await IsAcceptedAsync(node))
        {
            Assert.True(asked < Expires.AddSeconds(ShortLives.Slack), $"Accepted {(asked - Expires).TotalSeconds:0.0} s after its end.");
            await Task.Delay(100);
        }
        var refused = DateTimeOffset.UtcNow;
        Assert.True(refused > Expires.AddSeconds(-0.5), $"Refused {(Expires - refused).TotalSeconds:0.0} s before its end.");
    }

    /// <summary>403 tells a client whose token is good that it is nobody with a profile.</summary>
    async Task<bool> IsAcceptedAsync(NodeProcess node)
    {
        using var answer = await node.Client.GetAsync("/users/current", Value);
        Assert.True(answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized, $"{(int)answer.StatusCode}");
        return answer.StatusCode != HttpStatusCode.Unauthorized;
    }
}
