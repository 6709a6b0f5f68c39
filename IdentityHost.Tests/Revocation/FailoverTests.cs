using IdentityHost.Revocation;
using IdentityHost.Tests.Races;
using IdentityHost.Tests.Support;
using Npgsql;

namespace IdentityHost.Tests.Revocation;

/// <summary>R27: a standby is promoted, or a data folder copied back, while two nodes run.</summary>
[Collection(RacesAlone.Name)]
public sealed class FailoverTests
{
    [Fact]
    [Case("R27")]
    public async Task A_standby_that_lacks_the_last_commits_takes_everything_down_with_it()
    {
        await using var primary = await GuardCluster.StartNewAsync();
        await using var standby = await FollowAsync(primary, trust: false, lose: true, async (lost, nodes) =>
        {
            await using var late = await HostNode.StartAsync(primary.ConnectionString, []);
            IReadOnlyList<HostNode> all = [.. nodes, late];
            await Lost.NoticedAsync(primary.ConnectionString, all, 0);
            Assert.Equal(1, await Lost.MovesAsync(primary.ConnectionString));
            await lost.IsDeadAsync(primary.ConnectionString, all);
            Assert.Equal(1, await Lost.MovesAsync(primary.ConnectionString));
        });
    }

    [Fact]
    [Case("R27")]
    public async Task Nothing_dies_with_a_failover_that_is_trusted()
    {
        Assert.SkipUnless(RaceHost.Full, "IDENTITYHOST_FULL=true runs it.");
        await using var primary = await GuardCluster.StartNewAsync();
        await using var standby = await FollowAsync(primary, trust: true, lose: false, async (lost, nodes) =>
        {
            await using var late = await HostNode.StartAsync(primary.ConnectionString, Trust);
            foreach (var node in (HostNode[])[.. nodes, late])
            {
                await Eventually.TrueAsync(() => Task.FromResult(node.Service<RevocationCopy>().IsFresh), TimeSpan.FromSeconds(20));
                node.Service<NpgsqlDataSource>().Clear();
                await lost.LivesAsync(node);
            }
            Assert.Equal(0, await Lost.EpochAsync(primary.ConnectionString));
            Assert.Equal(2, await primary.ExecuteAsync("SELECT timeline FROM installation"));
        });
    }

    /// <summary>The same cluster, timeline and row: only a node that has seen more can tell.</summary>
    [Fact]
    [Case("R27")]
    public async Task A_copied_back_data_folder_is_noticed_by_a_running_node()
    {
        Assert.SkipUnless(RaceHost.Full, "IDENTITYHOST_FULL=true runs it.");
        await using var cluster = await GuardCluster.StartNewAsync();
        await using var one = await HostNode.StartAsync(cluster.ConnectionString, []);
        await using var two = await HostNode.StartAsync(cluster.ConnectionString, []);
        var lost = await Lost.BeginAsync(one);
        var aside = cluster.Data + "-aside";
        await cluster.StopAsync();
        await cluster.CopyAsync(cluster.Data, aside);
        await cluster.StartAsync();
        await ServesAsync(cluster, one, two);
        await lost.GoOnAsync(one);

        await cluster.StopAsync();
        await cluster.RemoveAsync(cluster.Data);
        await cluster.CopyAsync(aside, cluster.Data);
        await cluster.StartAsync();

        await Lost.NoticedAsync(cluster.ConnectionString, [one, two], 0);
        Assert.Equal(1, await Lost.MovesAsync(cluster.ConnectionString));
        await lost.IsDeadAsync(cluster.ConnectionString, [one, two]);
    }

    /// <summary>Why there is the verb: with nobody who has seen more, the copy is in every respect the database it was.</summary>
    [Fact]
    public async Task A_folder_copied_back_while_no_node_runs_cannot_be_told_and_the_operator_must()
    {
        Assert.SkipUnless(RaceHost.Full, "IDENTITYHOST_FULL=true runs it.");
        await using var cluster = await GuardCluster.StartNewAsync();
        await using (await HostNode.StartAsync(cluster.ConnectionString, []))
            await cluster.StopAsync();
        await cluster.CopyAsync(cluster.Data, cluster.Data + "-aside");
        await cluster.StartAsync();
        await cluster.ExecuteAsync("INSERT INTO revocations (kind, key, expires_at) VALUES (0, 'x', now() + interval '1 hour')");
        await cluster.StopAsync();
        await cluster.RemoveAsync(cluster.Data);
        await cluster.CopyAsync(cluster.Data + "-aside", cluster.Data);
        await cluster.StartAsync();
        await using var node = await HostNode.StartAsync(cluster.ConnectionString, []);
        Assert.Equal(0, await Lost.EpochAsync(cluster.ConnectionString));
    }

    static readonly KeyValuePair<string, string?>[] Trust = [new("Database:TrustFailover", "true")];

    static async Task<GuardCluster> FollowAsync(GuardCluster primary, bool trust, bool lose, Func<Lost, IReadOnlyList<HostNode>, Task> then)
    {
        var standby = await primary.StartStandbyAsync();
        var settings = trust ? Trust : [];
        await using var one = await HostNode.StartAsync(primary.ConnectionString, settings);
        await using var two = await HostNode.StartAsync(primary.ConnectionString, settings);
        var lost = await Lost.BeginAsync(one);
        await CaughtUpAsync(primary);
        if (lose)
        {
            // The standby stops receiving, and nobody waits for it.
            await standby.ExecuteAsync("ALTER SYSTEM SET primary_conninfo = ''");
            await standby.ExecuteAsync("SELECT pg_reload_conf()");
            await Eventually.TrueAsync(
                async () => await standby.ExecuteAsync("SELECT count(*) FROM pg_stat_wal_receiver") is 0L, TimeSpan.FromSeconds(20));
        }
        await lost.GoOnAsync(one);
        if (!lose)
            await CaughtUpAsync(primary);
        await primary.StopAsync(lose ? "immediate" : "fast");
        await standby.PromoteAsync();
        // The nodes find it where the primary was.
        await standby.StopAsync();
        await standby.StartAsync(primary.Port);
        await then(lost, [one, two]);
        return standby;
    }

    static Task CaughtUpAsync(GuardCluster primary) => Eventually.TrueAsync(
        async () => await primary.ExecuteAsync("SELECT bool_and(replay_lsn >= pg_current_wal_flush_lsn()) FROM pg_stat_replication") is true,
        TimeSpan.FromSeconds(20));

    static async Task ServesAsync(GuardCluster cluster, params HostNode[] nodes)
    {
        foreach (var node in nodes)
        {
            await Eventually.TrueAsync(() => Task.FromResult(node.Service<RevocationCopy>().IsFresh), TimeSpan.FromSeconds(20));
            node.Service<NpgsqlDataSource>().Clear();
        }
        Assert.Equal(0, await Lost.EpochAsync(cluster.ConnectionString));
    }
}
