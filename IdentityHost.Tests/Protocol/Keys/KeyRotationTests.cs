using IdentityHost.Protocol.Keys;

namespace IdentityHost.Tests.Protocol.Keys;

/// <summary>Announced, signing, retired, gone: over two nodes and by the clock that they share.</summary>
public sealed class KeyRotationTests(KeysHost host) : IClassFixture<KeysHost>
{
    static readonly TimeSpan Moment = TimeSpan.FromSeconds(20);

    [Case(115)]
    [Fact]
    public async Task A_key_is_announced_signs_retires_and_goes_and_no_token_notices()
    {
        var first = await host.SigningAsync();
        var early = (await KeysHost.IssueAsync(host.Nodes[0])).Token;
        await host.AllAcceptAsync(early);

        // Nothing is due: a run of the job comes a minute early at most.
        await host.GoToAsync(first.ActivatesAt + KeysHost.Lifetime - KeysHost.Announce - TimeSpan.FromMinutes(2));
        await host.RunJobAsync();
        Assert.Equal(first, Assert.Single(await host.ListAsync()));

        // Announced: both nodes publish the same two, the old one signs.
        await host.GoToAsync(first.ActivatesAt + KeysHost.Lifetime - KeysHost.Announce - Moment);
        await host.RunJobAsync(node: 1);
        var second = Assert.Single(await host.ListAsync(), k => k.Stage == KeyStage.Announced);
        Assert.Equal(first.ActivatesAt + KeysHost.Lifetime, second.ActivatesAt);
        await host.NodesFollowAsync();
        await BothServeAsync(first.Kid, second.Kid);
        await BothSignWithAsync(first.Kid);

        // Still the old one, to the last; then the new one, on both nodes, by nothing but the clock.
        await host.GoToAsync(second.ActivatesAt - Moment);
        var last = await BothSignWithAsync(first.Kid);
        foreach (var node in host.Nodes)
            await KeysHost.StopPollingAsync(node);
        await host.GoToAsync(second.ActivatesAt);
        Assert.All(host.Nodes, node => Assert.Equal(second.Kid, node.Service<SigningKeys>().Signing(["ES256"])!.Kid));
        var fresh = await BothSignWithAsync(second.Kid);
        await BothServeAsync(first.Kid, second.Kid);
        await host.AllAcceptAsync(last);
        await host.AllAcceptAsync(fresh);

        // The last token of the old key is good to its end.
        var gone = second.ActivatesAt + TimeSpan.FromMinutes(11);
        await host.GoToAsync(second.ActivatesAt + TimeSpan.FromMinutes(10) - 2 * Moment);
        await host.AllAcceptAsync(last);
        await host.GoToAsync(gone - Moment);
        await BothServeAsync(first.Kid, second.Kid);

        // Gone, at one instant; the row goes with the next run.
        await host.GoToAsync(gone);
        await BothServeAsync(second.Kid);
        await host.RunJobAsync();
        Assert.Equal(second.Kid, Assert.Single(await host.ListAsync()).Kid);
        Assert.Equal(
            ["signing_key_created", "signing_key_created", "signing_key_rotated"],
            (await host.ScalarAsync<string[]>("SELECT array_agg(kind ORDER BY id) FROM audit_events WHERE kind LIKE 'signing_key%'"))!.Order(StringComparer.Ordinal));
    }

    async Task BothServeAsync(params string[] kids)
    {
        var sets = new HashSet<string>(StringComparer.Ordinal);
        foreach (var node in host.Nodes)
        {
            var (text, found, _) = await KeysHost.JwksAsync(node);
            Assert.Equal(kids, found);
            sets.Add(text);
        }
        Assert.Single(sets);
    }

    /// <summary>Returns a token of the last node.</summary>
    async Task<string> BothSignWithAsync(string kid)
    {
        var token = "";
        foreach (var node in host.Nodes)
        {
            (var signedBy, _, token) = await KeysHost.IssueAsync(node);
            Assert.Equal(kid, signedBy);
        }
        return token;
    }
}
