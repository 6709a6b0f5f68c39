using System.Net;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.SignIn;

/// <summary>The promise of revocation: at once where it was answered, within 2 s elsewhere (usually a tenth of one).</summary>
static class Eventually
{
    static readonly TimeSpan Latest = TimeSpan.FromSeconds(2);

    /// <summary>The token is refused on this node.</summary>
    public static async Task RevokedAsync(this HostFixture host, HostNode node, string token)
    {
        Assert.Contains(node, host.Nodes);
        var deadline = DateTime.UtcNow + Latest;
        while (true)
        {
            using var response = await node.Client.GetAsync("/users/current", token);
            if (response.StatusCode == HttpStatusCode.Unauthorized)
                return;
            Assert.True(DateTime.UtcNow < deadline, "The token still works.");
            await Task.Delay(20);
        }
    }
}
