using System.Diagnostics;
using IdentityHost.Tests.Races;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Faults;

/// <summary>
/// Nodes whose clock is wrong, or jumps, live by the database's all the same: what they issue is neither dead early nor alive late, on any node.
/// The clock of this process is the database's: they are on one machine. ±1 h; ±5 min too with <c>IDENTITYHOST_FULL=true</c>.
/// </summary>
[Collection(FaultsAlone.Name)]
public sealed class WrongClockTests(FaultHost host) : IClassFixture<FaultHost>
{
    /// <summary>Longer than a node goes without hearing from its database.</summary>
    static readonly TimeSpan Burst = TimeSpan.FromMilliseconds(300);

    static IReadOnlyList<int> SkewsInMinutes => RaceHost.Full ? [-60, 60, -5, 5] : [-60, 60];

    [Fact]
    [Case("R16")]
    public async Task Nodes_with_wrong_clocks_agree_on_when_everything_ends()
    {
        var right = host.StartNodeAsync(ShortLives.Settings);
        var wrong = SkewsInMinutes.Select(skew => host.StartNodeAsync(FakeTime.Wrong(TimeSpan.FromMinutes(skew)), ShortLives.Settings));
        var nodes = await Task.WhenAll(wrong.Prepend(right));

        List<SignInBlock> blocks = [];
        foreach (var node in nodes)
            blocks.Add(await SignInBlock.CauseAsync(node));
        foreach (var block in blocks)
            await block.MustHoldAsync(nodes);
        List<ShortToken> tokens = [];
        foreach (var node in nodes)
            tokens.Add(await ShortToken.IssueAsync(node, await SignedIn.NewAsync(node.Client)));
        // A node that finds no key in force by its own clock would have made one that the others do not know.
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM data_protection_keys"));
        await Task.WhenAll([.. tokens.Select(t => t.MustLiveExactlyAsync(nodes)), .. blocks.Select(b => b.MustEndAsync(nodes))]);
        await EndAsync(nodes);
    }

    [Fact]
    [Case("R17")]
    public async Task A_clock_that_jumps_while_the_node_runs_changes_nothing()
    {
        var file = Path.Combine(Path.GetTempPath(), $"identityhost-clock-{Guid.NewGuid():N}");
        await FakeTime.SetAsync(file, TimeSpan.Zero);
        try
        {
            var node = await host.StartNodeAsync(FakeTime.Following(file), ShortLives.Settings);
            var person = await SignedIn.NewAsync(node.Client);
            var block = await SignInBlock.CauseAsync(node);
            var token = await ShortToken.IssueAsync(node, person);
            var living = token.MustLiveExactlyAsync([node]);

            foreach (var hours in new[] { -1, 1 })
            {
                await FakeTime.SetAsync(file, TimeSpan.FromHours(hours));
                // Without a pause, and without a statement that could wait for anything.
                for (var watch = Stopwatch.StartNew(); watch.Elapsed < Burst;)
                    await (await ShortToken.IssueForServiceAsync(node)).MustBeAcceptedAsync(node);
            }
            await block.MustHoldAsync([node]);
            await (await ShortToken.IssueAsync(node, person)).MustBeAcceptedAsync(node);
            await living;
            await block.MustEndAsync([node]);
            await EndAsync(node);
        }
        finally
        {
            File.Delete(file);
        }
    }

    static async Task EndAsync(params IReadOnlyList<NodeProcess> nodes)
    {
        foreach (var node in nodes)
            await node.DisposeAsync();
    }
}

/// <summary>Settings with which a test can wait for an end.</summary>
static class ShortLives
{
    /// <summary>Seconds; the least that may be configured.</summary>
    public const int Token = 10;

    /// <summary>Seconds.</summary>
    public const int Block = 15;

    /// <summary>Seconds. Tokens tell time in whole ones, and an answer of a busy machine takes its time.</summary>
    public const double Slack = 2;

    public static IReadOnlyList<(string, string)> Settings { get; } =
        [("Tokens:AccessTokenLifetime", $"00:00:{Token}"), ("RateLimits:SignIn:Block", $"00:00:{Block}")];
}
