using IdentityHost.Revocation;
using IdentityHost.Tests.Races;
using IdentityHost.Tests.Support;
using Npgsql;

namespace IdentityHost.Tests.Revocation;

/// <summary>What a database lives through without losing anything: nobody is signed out by it.</summary>
[Collection(RacesAlone.Name)]
public sealed class FalseAlarmTests
{
    [Fact]
    public async Task Upkeep_restarts_crashes_and_starts_of_nodes_are_no_restore()
    {
        await using var cluster = await GuardCluster.StartNewAsync();
        await using var node = await HostNode.StartAsync(cluster.ConnectionString, []);
        var lost = await Lost.BeginAsync(node);
        foreach (var upkeep in (string[])["VACUUM FULL installation", "VACUUM FREEZE installation", "CLUSTER installation USING pk_installation", "ANALYZE", "REINDEX TABLE installation", "VACUUM FULL revocations"])
        {
            await cluster.ExecuteAsync(upkeep);
            await UnharmedAsync(cluster, lost, node);
        }

        await cluster.StopAsync();
        await cluster.StartAsync();
        await UnharmedAsync(cluster, lost, node);

        for (var crash = 0; crash < (RaceHost.Full ? 10 : 2); crash++)
        {
            // Rolled back: their numbers are taken and seen, but nothing of them is on disk, and the server will use them again.
            await using (var connection = new NpgsqlConnection(cluster.ConnectionString + ";Pooling=false"))
            {
                await connection.OpenAsync();
                for (var i = 0; i < 200; i++)
                {
                    await using var command = new NpgsqlCommand("BEGIN; SELECT pg_current_xact_id(); ROLLBACK", connection);
                    await command.ExecuteNonQueryAsync();
                }
            }
            await node.Service<RevocationFeed>().PublishAsync();
            await cluster.StopAsync("immediate");
            await cluster.StartAsync();
            await UnharmedAsync(cluster, lost, node);
        }

        for (var round = 0; round < (RaceHost.Full ? 4 : 1); round++)
        {
            var five = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => HostNode.StartAsync(cluster.ConnectionString, [])));
            foreach (var other in five)
            {
                await UnharmedAsync(cluster, lost, other);
                await other.DisposeAsync();
            }
        }
        await UnharmedAsync(cluster, lost, node);
    }

    [Fact]
    public async Task A_role_that_may_not_know_the_cluster_serves_with_a_warning_and_learning_it_is_no_change()
    {
        await using var cluster = await GuardCluster.StartNewAsync();
        const string Functions = "pg_control_system(), pg_current_wal_lsn(), pg_current_wal_flush_lsn(), pg_walfile_name(pg_lsn)";
        await cluster.ExecuteAsync($"CREATE ROLE small LOGIN; GRANT ALL ON SCHEMA public TO small; GRANT CREATE ON DATABASE postgres TO small; REVOKE EXECUTE ON FUNCTION {Functions} FROM PUBLIC");
        var connectionString = cluster.ConnectionString.Replace("Username=postgres", "Username=small", StringComparison.Ordinal);
        await using var node = await HostNode.StartAsync(connectionString, []);
        Assert.Single(node.Log.Lines, line => line.StartsWith("Warning", StringComparison.Ordinal) && line.Contains("cluster's identity", StringComparison.Ordinal));
        var lost = await Lost.BeginAsync(node);
        await UnharmedAsync(cluster, lost, node);
        Assert.Equal(0L, await cluster.ExecuteAsync("SELECT system_identifier FROM installation"));

        await cluster.ExecuteAsync($"GRANT EXECUTE ON FUNCTION {Functions} TO PUBLIC");
        await using var other = await HostNode.StartAsync(connectionString, []);
        await UnharmedAsync(cluster, lost, node);
        await UnharmedAsync(cluster, lost, other);
        Assert.NotEqual(0L, await cluster.ExecuteAsync("SELECT system_identifier FROM installation"));

        await cluster.ExecuteAsync($"REVOKE EXECUTE ON FUNCTION {Functions} FROM PUBLIC");
        await cluster.StopAsync();
        await cluster.StartAsync();
        await UnharmedAsync(cluster, lost, node);
    }

    static async Task UnharmedAsync(GuardCluster cluster, Lost lost, HostNode node)
    {
        var feed = node.Service<RevocationFeed>();
        await Eventually.TrueAsync(
            async () =>
            {
                await feed.PublishAsync();
                return node.Service<RevocationCopy>().IsFresh;
            },
            TimeSpan.FromSeconds(20));
        Assert.Equal(0, await Lost.EpochAsync(cluster.ConnectionString));
        Assert.Equal(0, await Lost.MovesAsync(cluster.ConnectionString));
        node.Service<NpgsqlDataSource>().Clear();
        await lost.LivesAsync(node);
    }
}
