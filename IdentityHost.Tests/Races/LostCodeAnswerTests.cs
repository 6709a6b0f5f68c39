using System.Net;
using IdentityHost.Tests.Protocol;
using IdentityHost.Tests.Protocol.Authorize;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Races;

/// <summary>The code is used and its answer is lost: who tries again is refused, and what was bought and never seen is not left alive.</summary>
[Collection(RacesAlone.Name)]
public sealed class LostCodeAnswerTests(RaceHost host)
{
    static int Rounds => RaceHost.Full ? 200 : 5;

    static int Kills => RaceHost.Full ? 20 : 1;

    /// <summary>The node is killed (SIGKILL) after the database has committed the use of the code, and before it has heard of it.</summary>
    [Fact]
    [Case("R8")]
    public async Task A_node_that_is_killed_in_between_leaves_nothing_alive_either()
    {
        await using var link = DatabaseLink.To(host.ConnectionString);
        var app = new RelyingParty(host, "demo", secret: null, "http://127.0.0.1/callback");
        var (tab, _, id) = await app.PersonAsync();
        for (var kill = 0; kill < Kills; kill++)
        {
            await using var victim = await NodeProcess.StartAsync(link.ConnectionString, [], []);
            var code = await app.CodeAsync(tab, ("scope", "openid offline_access users:self"));
            link.WhenLost = victim.KillAsync;
            link.LoseAnswerTo("UPDATE authorization_codes");
            await Assert.ThrowsAnyAsync<HttpRequestException>(() => app.RedeemAsync(victim.Client, code));
            Assert.Equal((kill + 1, 1), (link.Lost, await host.LiveGrantsAsync(id)));
            await app.RedeemAsync(host.Client, code).RefusedAsync("invalid_grant");
            Assert.Equal(0, await host.LiveGrantsAsync(id));
        }
        await Invariants.HoldAsync(host);
    }

    [Fact]
    [Case("R8")]
    public async Task A_retry_is_refused_and_leaves_nothing_alive()
    {
        await using var link = DatabaseLink.To(host.ConnectionString);
        await using var node = await HostNode.StartAsync(link.ConnectionString, [new("Logging:LogLevel:Default", "Warning")]);
        var app = new RelyingParty(host, "demo", secret: null, "http://127.0.0.1/callback");
        var (tab, _, id) = await app.PersonAsync();
        for (var round = 0; round < Rounds; round++)
        {
            var code = await app.CodeAsync(tab, ("scope", "openid offline_access users:self"));
            link.LoseAnswerTo("UPDATE authorization_codes");
            // A server that has too much to do may refuse the connection before the statement is sent: then nothing was lost, and it is tried again.
            for (var attempt = 0; link.Lost == round && attempt < 50; attempt++)
            {
                using var lost = await app.RedeemAsync(node.Client, code);
                Assert.Equal(HttpStatusCode.ServiceUnavailable, lost.StatusCode);
            }
            Assert.Equal(round + 1, link.Lost);
            Assert.Equal(1, await host.LiveGrantsAsync(id));
            // On the node that lost it or on another.
            await app.RedeemAsync(round % 2 == 0 ? node.Client : host.Client, code).RefusedAsync("invalid_grant");
            Assert.Equal(0, await host.LiveGrantsAsync(id));
        }
        await Invariants.HoldAsync(host);
    }
}
