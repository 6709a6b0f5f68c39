using System.Diagnostics;
using System.Globalization;
using IdentityHost.Data.Postgres;
using IdentityHost.Tests.Support;
using Npgsql;

namespace IdentityHost.Tests.Data.Postgres;

/// <summary>The host's own Postgres: each test has a cluster of its own.</summary>
public sealed class EmbeddedPostgresTests : IAsyncLifetime
{
    readonly List<string> _progress = [];
    TestFolder _folder = null!;

    public async ValueTask InitializeAsync()
    {
        TestPostgres.RequireBinaries();
        _folder = await TestFolder.CreateAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_folder is not null)
            await _folder.DisposeAsync();
    }

    [Fact]
    public async Task FirstStart_CreatesACluster_AndTheSecondKeepsItsData()
    {
        await using (var first = await StartAsync())
        {
            await AskAsync(first, "CREATE TABLE kept (name text); INSERT INTO kept VALUES ('é')");
            Assert.Equal("UTF8", await AskAsync(first, "SHOW server_encoding"));
            Assert.Equal("UTC", await AskAsync(first, "SHOW timezone"));
        }
        Assert.Equal([$"Creating a Postgres cluster in {_folder.Cluster}", "Starting Postgres"], _progress);
        Assert.False(Runs());
        _progress.Clear();

        await using var second = await StartAsync();

        Assert.Equal("é", await AskAsync(second, "SELECT name FROM kept"));
        Assert.Equal(["Starting Postgres"], _progress);
        Assert.Equal(1L, await AskAsync(second, "SELECT count(*) FROM pg_database WHERE datname = 'identityhost'"));
    }

    [Fact]
    public async Task TwoHosts_ShareTheCluster_AndTheLastOneOutStopsIt()
    {
        var first = await StartAsync();
        var second = await StartAsync();
        Assert.Equal(await AskAsync(first, Born), await AskAsync(second, Born));

        await first.DisposeAsync();
        Assert.Equal(1, await AskAsync(second, "SELECT 1"));
        await second.DisposeAsync();
        Assert.False(Runs());
    }

    [Fact]
    public async Task KilledHost_ItsClusterIsFoundAgain_AndStoppedByTheNextOne()
    {
        await LeaveRunningAsync();
        var process = Pid.Read(Data)!.Process;

        await using (var found = await StartAsync())
        {
            Assert.Equal(process, Pid.Read(Data)!.Process);
            Assert.Equal("left", await AskAsync(found, "SELECT name FROM kept"));
        }
        Assert.False(Runs());
    }

    [Fact]
    public async Task KilledServer_ItsPidFileIsStale_AndTheNextStartRecovers()
    {
        await LeaveRunningAsync();
        using (var server = Process.GetProcessById(Pid.Read(Data)!.Process))
            server.Kill();

        await using var recovered = await StartAsync();

        Assert.Equal("left", await AskAsync(recovered, "SELECT name FROM kept"));
    }

    [Fact]
    public async Task PidFileThatNamesAnotherProcess_AsAfterAReboot_IsNotBelieved()
    {
        await using (await StartAsync())
        {
        }
        var other = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        await File.WriteAllTextAsync(Path.Combine(Data, "postmaster.pid"), $"{other}\n{Data}\n1700000000\n5432\n\n\n\n");

        await using var started = await StartAsync();

        Assert.Equal(1, await AskAsync(started, "SELECT 1"));
    }

    [Fact]
    public async Task FiveStartsAtOnce_OnAnEmptyFolder_MakeOneCluster()
    {
        var hosts = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => Task.Run(StartAsync)));

        var births = await Task.WhenAll(hosts.Select(host => AskAsync(host, Born)));
        Assert.Single(births.Distinct());
        lock (_progress)
            Assert.Equal(2, _progress.Count);

        await Task.WhenAll(hosts.Select(host => host.DisposeAsync().AsTask()));
        Assert.False(Runs());
    }

    [Fact]
    public async Task HalfACluster_OfAStartThatWasKilled_IsMadeAnew()
    {
        await using (await StartAsync())
        {
        }
        Directory.Move(Data, new ClusterFolder(_folder.Cluster).Unfinished);

        await using var started = await StartAsync();

        Assert.Equal(1, await AskAsync(started, "SELECT 1"));
    }

    [Fact]
    public async Task OtherUsers_ReachNeitherFolderNorServer()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows has no modes.");
            return;
        }
        await using var host = await StartAsync();
        var layout = new ClusterFolder(_folder.Cluster);

        foreach (var folder in (string[])[layout.Root, layout.Socket, layout.Data])
            Assert.Equal("700", Convert.ToString((int)File.GetUnixFileMode(folder), 8));
        Assert.Equal("600", Convert.ToString((int)File.GetUnixFileMode(layout.Password), 8));
        Assert.Equal("", await AskAsync(host, "SHOW listen_addresses"));
        var guess = new NpgsqlConnectionStringBuilder(host.ConnectionString) { Password = "guess", Pooling = false };
        await using var stranger = new NpgsqlConnection(guess.ConnectionString);
        var refused = await Assert.ThrowsAsync<PostgresException>(() => stranger.OpenAsync());
        Assert.Equal(PostgresErrorCodes.InvalidPassword, refused.SqlState);
    }

    [Fact]
    public void LongFolder_ItsSocketStaysWithinTheSystemsLimit() =>
        Assert.True(new ClusterFolder("/" + new string('x', 200)).Socket.Length + ".s.PGSQL.5432".Length < 103);

    const string Born = "SELECT pg_postmaster_start_time()::text || system_identifier FROM pg_control_system()";

    string Data => new ClusterFolder(_folder.Cluster).Data;

    bool Runs() => Pid.Read(Data)?.IsAlive() == true;

    Task<EmbeddedPostgres> StartAsync() => EmbeddedPostgres.StartAsync(
        new EmbeddedPostgresOptions { Folder = _folder.Cluster, Durable = false },
        line =>
        {
            lock (_progress)
                _progress.Add(line);
        },
        TestContext.Current.CancellationToken);

    /// <summary>What a killed host leaves: the server runs, and nobody holds it.</summary>
    async Task LeaveRunningAsync()
    {
        await using (var host = await StartAsync())
            await AskAsync(host, "CREATE TABLE kept (name text); INSERT INTO kept VALUES ('left'); CHECKPOINT");
        await new PostgresCluster(new ClusterFolder(_folder.Cluster), durable: false, _ => { }).StartIfStoppedAsync();
    }

    static async Task<object?> AskAsync(EmbeddedPostgres host, string sql)
    {
        await using var connection = new NpgsqlConnection(host.ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }
}
