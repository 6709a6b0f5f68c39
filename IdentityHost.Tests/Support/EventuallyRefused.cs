using System.Diagnostics;
using System.Net;
using IdentityHost.Revocation;

namespace IdentityHost.Tests.Support;

/// <summary>The promise of revocation: at once on the node that answered, on the others usually within a tenth of a second and always within two.</summary>
static class EventuallyRefused
{
    static readonly TimeSpan Latest = TimeSpan.FromSeconds(2);

    /// <summary>The access token is refused by every node.</summary>
    /// <param name="host">The nodes.</param>
    /// <param name="token">The token.</param>
    /// <param name="answered">The node that answered the act, if it is known: it must refuse at the first try.</param>
    public static async Task EventuallyRefusedAsync(this HostFixture host, string token, HostNode? answered = null)
    {
        if (answered is not null)
            Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(answered, token));
        foreach (var node in host.Nodes)
        {
            var watch = Stopwatch.StartNew();
            while (await StatusAsync(node, token) != HttpStatusCode.Unauthorized)
            {
                Assert.True(watch.Elapsed < Latest, $"{node.Address} accepts the token {watch.Elapsed} after it was revoked.");
                await Task.Delay(5);
            }
        }
        // Whoever was deleted is refused there before the node has heard that the token died too, and what the test asks next may be somewhere else.
        await host.FeedReadAsync();
    }

    /// <summary>Every node has read what was committed until now, for tests whose subject is not how it got there.</summary>
    public static Task FeedReadAsync(this HostFixture host) => Task.WhenAll(host.Nodes.Select(n => n.Service<RevocationFeed>().PublishAsync()));

    /// <summary>Changes an application's row as the host does: with the word in the feed that tells every node to read it again.</summary>
    public static async Task ChangeApplicationAsync(this HostFixture host, string clientId, string set)
    {
        Assert.Equal(1, await host.ExecuteAsync(
            $"""
            WITH changed AS (UPDATE applications SET {set} WHERE client_id = $1 RETURNING client_id, epoch)
            INSERT INTO revocations (kind, key, epoch, expires_at) SELECT 4, client_id, epoch, identity_now() + interval '11 minutes' FROM changed
            """,
            clientId));
        await host.FeedReadAsync();
    }

    static async Task<HttpStatusCode> StatusAsync(HostNode node, string token)
    {
        using var response = await node.Client.GetAsync("/users/current", token);
        return response.StatusCode;
    }
}
