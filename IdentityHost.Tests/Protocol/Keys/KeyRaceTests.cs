using IdentityHost.Protocol.Keys;

namespace IdentityHost.Tests.Protocol.Keys;

/// <summary>However many ask for a successor, a key has one.</summary>
public sealed class KeyRaceTests(KeysHost host) : IClassFixture<KeysHost>
{
    const int Rounds = 8;
    const int Workers = 10;

    /// <summary>The job on both nodes, and people who rotate by hand at the same time.</summary>
    [Case("I7")]
    [Fact]
    public async Task At_any_time_one_key_signs_and_it_was_published_before()
    {
        var seen = new List<KeyFacts> { await host.SigningAsync() };
        for (var round = 0; round < Rounds; round++)
        {
            var current = seen[^1];
            await host.GoToAsync(current.ActivatesAt + KeysHost.Lifetime - KeysHost.Announce);
            await Task.WhenAll(Enumerable.Range(0, Workers).SelectMany(i => host.Nodes.Select(node => Task.Run(async () =>
            {
                var rotation = node.Service<KeyRotation>();
                if (i % 3 == 0)
                    await rotation.RotateAsync(atOnce: false, default);
                else
                    await rotation.RunAsync(default);
            }))));

            Assert.Equal(current.Kid, (await host.SigningAsync()).Kid);
            var next = Assert.Single(await host.ListAsync(), k => k.Stage == KeyStage.Announced);
            Assert.Equal(TimeSpan.Zero, await HandoverGapAsync());
            await host.NodesFollowAsync();
            foreach (var node in host.Nodes)
                Assert.Contains(next.Kid, (await KeysHost.JwksAsync(node)).Kids);
            await host.GoToAsync(next.ActivatesAt);
            foreach (var node in host.Nodes)
                Assert.Equal(next.Kid, (await KeysHost.IssueAsync(node)).Kid);
            seen.Add(next);
        }
        Assert.Equal(seen.Count, seen.Select(k => k.Kid).Distinct(StringComparer.Ordinal).Count());
        // Not one more was ever made.
        Assert.Equal(seen.Count, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE kind = 'signing_key_created'"));
        Assert.Equal(Rounds, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE kind = 'signing_key_rotated'"));
    }

    /// <summary>Between the end of the signing key and the start of its successor.</summary>
    async Task<TimeSpan> HandoverGapAsync()
    {
        var keys = await host.ListAsync();
        return keys.Single(k => k.Stage == KeyStage.Announced).ActivatesAt - keys.Single(k => k.Stage == KeyStage.Signing).RetiresAt!.Value;
    }
}
