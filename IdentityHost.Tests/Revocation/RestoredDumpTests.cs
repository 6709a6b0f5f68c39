using System.Net;
using IdentityHost.Tests.Races;
using IdentityHost.Tests.Support;
using Npgsql;

namespace IdentityHost.Tests.Revocation;

/// <summary>R26: a dump is restored, by the real tools, in each way that people do it. Two nodes run throughout unless it says otherwise.</summary>
[Collection(RacesAlone.Name)]
public sealed class RestoredDumpTests(TestPostgres postgres) : IAsyncLifetime
{
    const string Future = "1000000000";

    readonly List<HostNode> _nodes = [];
    readonly string _dump = Path.GetTempFileName();
    bool _cleans;
    string _database = "";

    public async ValueTask InitializeAsync()
    {
        _database = await postgres.CreateDatabaseAsync();
        _nodes.Add(await HostNode.StartAsync(_database, []));
        _nodes.Add(await HostNode.StartAsync(_database, []));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
            await node.DisposeAsync();
        File.Delete(_dump);
        await postgres.DropDatabaseAsync(_database);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Case("R26")]
    public async Task Nothing_from_before_works_in_a_database_made_anew(bool whileNodesRun)
    {
        var lost = await DumpAsync();
        if (!whileNodesRun)
            await StopNodesAsync();
        await RecreateAsync();
        await PsqlAsync(_database);
        if (!whileNodesRun)
        {
            var starting = await Task.WhenAll(HostNode.StartAsync(_database, []), HostNode.StartAsync(_database, []));
            _nodes.AddRange(starting);
        }
        await OnceAsync(lost, _database);
    }

    [Fact]
    [Case("R26")]
    public async Task Nothing_from_before_works_after_a_dump_that_cleans()
    {
        var lost = await DumpAsync("--clean", "--if-exists");
        await PsqlAsync(_database);
        await OnceAsync(lost, _database);
    }

    [Fact]
    [Case("R26")]
    public async Task Nothing_from_before_works_after_rows_alone_were_loaded()
    {
        var lost = await DumpAsync("--data-only", "--exclude-table=qrtz_*");
        await ExecuteAsync(
            """
            DO $$ BEGIN EXECUTE (SELECT 'TRUNCATE ' || string_agg(format('%I', tablename), ', ') || ' CASCADE'
                FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'qrtz%'); END $$
            """);
        await PsqlAsync(_database, "--single-transaction");
        await OnceAsync(lost, _database);
    }

    /// <summary>The person's epoch went back with the database: a node that still knows the higher one would refuse what the other issues.</summary>
    [Fact]
    [Case("R26")]
    public async Task Whoever_was_disabled_after_the_backup_signs_in_at_every_node_again()
    {
        var (username, id) = await _nodes[0].Client.RegisterAsync();
        await DumpAsync("--clean", "--if-exists");
        var admin = await _nodes[0].Client.AdminTokenAsync();
        foreach (var status in (bool[])[false, true])
        {
            using var changed = await _nodes[0].Client.CallAsync(HttpMethod.Patch, $"/users/{id}/status", admin, new { status });
            Assert.True(changed.IsSuccessStatusCode);
        }
        Assert.True((int)(await ScalarAsync($"SELECT epoch FROM users WHERE id = {id}"))! > 0);
        await PsqlAsync(_database);
        await Lost.NoticedAsync(_database, _nodes, 0);
        foreach (var node in _nodes)
        {
            var token = await node.Client.AccessTokenAsync(username);
            foreach (var other in _nodes)
            {
                using var response = await other.Client.GetAsync("/users/current", token);
                Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            }
        }
    }

    /// <summary>A small database restored from one that had seen many more transactions.</summary>
    [Fact]
    [Case("R26")]
    public async Task Revocations_from_the_future_are_forgotten_and_no_new_one_is_missed()
    {
        await ExecuteAsync($"INSERT INTO revocations (kind, key, epoch, expires_at, xid) SELECT 0, 'old-' || n, NULL, now() + interval '1 hour', '{Future}' FROM generate_series(1, 50000) n");
        var lost = await DumpAsync("--clean", "--if-exists");
        await PsqlAsync(_database);
        await OnceAsync(lost, _database);
        // The epoch has killed what they told of.
        Assert.Equal(0L, await ScalarAsync("SELECT count(*) FROM revocations WHERE key LIKE 'old-%'"));
    }

    /// <summary>A token of the time between two restores of one backup: its session is in neither.</summary>
    [Fact]
    [Case("R26")]
    public async Task The_same_backup_restored_twice_does_not_come_to_the_same_epoch()
    {
        await DumpAsync("--clean", "--if-exists");
        await StopNodesAsync();
        List<int> epochs = [];
        for (var i = 0; i < 2; i++)
        {
            await PsqlAsync(_database);
            await using (await HostNode.StartAsync(_database, []))
                epochs.Add((await Lost.EpochAsync(_database))!.Value);
            await Task.Delay(1100);
        }
        Assert.True(epochs[1] > epochs[0], string.Join(", ", epochs));
    }

    [Fact]
    [Case("R26")]
    public async Task Nothing_from_before_works_in_another_cluster()
    {
        Assert.SkipUnless(RaceHost.Full, "IDENTITYHOST_FULL=true runs it.");
        var lost = await DumpAsync();
        await StopNodesAsync();
        await using var cluster = await GuardCluster.StartNewAsync();
        await PsqlAsync(cluster.ConnectionString);
        await using var one = await HostNode.StartAsync(cluster.ConnectionString, []);
        await using var two = await HostNode.StartAsync(cluster.ConnectionString, []);
        _ = await Lost.NoticedAsync(cluster.ConnectionString, [one, two], 0);
        await lost.IsDeadAsync(cluster.ConnectionString, [one, two]);
    }

    [Fact]
    [Case("R26")]
    public async Task An_operator_can_end_everything()
    {
        var lost = await Lost.BeginAsync(_nodes[0]);
        await lost.GoOnAsync(_nodes[0]);
        Assert.Equal(0, await CommandLine.RunAsync(
            ["revoke-everything", "--environment=Development", "--ConnectionStrings:Postgres=" + _database, $"--contentRoot={Repository.Root}"]));
        await Lost.NoticedAsync(_database, _nodes, 0);
        await ExecuteAsync("UPDATE sessions SET ended_at = NULL; UPDATE grants SET ended_at = NULL, generation = 1");
        await lost.IsDeadAsync(_database, _nodes);
    }

    /// <summary>A backup is taken, then time goes on.</summary>
    async Task<Lost> DumpAsync(params string[] options)
    {
        _cleans = options.Contains("--clean");
        var lost = await Lost.BeginAsync(_nodes[0]);
        await GuardCluster.ToolAsync(_database, "pg_dump", ["--no-owner", .. options, "-f", _dump]);
        await lost.GoOnAsync(_nodes[1]);
        return lost;
    }

    /// <summary>
    /// Restores the backup. The scheduler of a node that runs writes into its tables as soon as they are there again, and that may be before their
    /// indexes are, which then cannot be made: an operator begins anew, and so does this.
    /// </summary>
    async Task PsqlAsync(string connectionString, params string[] options)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await GuardCluster.ToolAsync(connectionString, "psql", ["-q", "-v", "ON_ERROR_STOP=1", .. options, "-f", _dump]);
                return;
            }
            catch (Xunit.Sdk.XunitException e) when (attempt < 4 && e.Message.Contains("qrtz_", StringComparison.Ordinal))
            {
                if (!_cleans)
                    await RecreateAsync();
            }
        }
    }

    async Task OnceAsync(Lost lost, string connectionString)
    {
        await Lost.NoticedAsync(connectionString, _nodes, 0);
        Assert.Equal(1, await Lost.MovesAsync(connectionString));
        await lost.IsDeadAsync(connectionString, _nodes);
        Assert.Equal(1, await Lost.MovesAsync(connectionString));
    }

    async Task StopNodesAsync()
    {
        foreach (var node in _nodes)
            await node.DisposeAsync();
        _nodes.Clear();
    }

    async Task RecreateAsync()
    {
        await using var connection = new NpgsqlConnection(await postgres.SuperuserAsync());
        await connection.OpenAsync();
        var name = new NpgsqlConnectionStringBuilder(_database).Database;
        foreach (var sql in (string[])[$"DROP DATABASE {name} WITH (FORCE)", $"CREATE DATABASE {name} TEMPLATE template0"])
        {
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync();
        }
    }

    Task<object?> ExecuteAsync(string sql) => ScalarAsync(sql);

    async Task<object?> ScalarAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(_database + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }
}
