using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using IdentityHost.Data.Postgres;
using IdentityHost.Tests.Support;
using Npgsql;

namespace IdentityHost.Tests.Revocation;

/// <summary>
/// A cluster that a test may stop, kill, copy and promote. Commits are written before they are answered, as in production; only the disk's
/// own flush is left out, since the machine does not crash.
/// </summary>
sealed class GuardCluster : IAsyncDisposable
{
    readonly TestFolder _folder;
    readonly PostgresAccount _account = new();
    readonly PostgresBinaries _binaries = PostgresBinaries.FindAll()[0];

    GuardCluster(TestFolder folder) => _folder = folder;

    /// <summary>The loopback port, the same after each start.</summary>
    public int Port { get; } = FreePort();

    public string Data => Path.Combine(_folder.Cluster, "data");

    /// <summary>The host's database, as superuser.</summary>
    public string ConnectionString => $"Host=127.0.0.1;Port={Port};Username=postgres;Database=postgres";

    /// <summary>A new, empty cluster that runs.</summary>
    public static async Task<GuardCluster> StartNewAsync()
    {
        var cluster = await EmptyAsync();
        await cluster.RunAsync("initdb", "-D", cluster.Data, "-A", "trust", "-U", "postgres", "--no-sync");
        await cluster.StartAsync();
        return cluster;
    }

    /// <summary>A standby that follows without being waited for, and runs.</summary>
    public async Task<GuardCluster> StartStandbyAsync()
    {
        var standby = await EmptyAsync();
        await standby.RunAsync("pg_basebackup", "-d", $"host=127.0.0.1 port={Port} user=postgres", "-D", standby.Data, "-R", "-X", "stream", "-c", "fast", "--no-sync");
        await standby.StartAsync();
        return standby;
    }

    public Task StartAsync(int? port = null) => RunAsync(
        "pg_ctl", "-D", Data, "-w", "-s", "-l", Path.Combine(_folder.Cluster, "log"),
        "-o", $"-c listen_addresses=127.0.0.1 -c port={port ?? Port} -c unix_socket_directories='' -c fsync=off -c shared_buffers=16MB", "start");

    /// <summary>Stops in order (<c>fast</c>), or as a power cut does (<c>immediate</c>).</summary>
    public Task StopAsync(string mode = "fast") => RunAsync("pg_ctl", "-D", Data, "-w", "-s", "-m", mode, "stop");

    public Task PromoteAsync() => RunAsync("pg_ctl", "-D", Data, "-w", "-s", "promote");

    /// <summary>Copies the data folder, with owner and rights.</summary>
    public Task CopyAsync(string from, string to) => RunPathAsync("/bin/cp", "-a", from, to);

    public Task RemoveAsync(string path) => RunPathAsync("/bin/rm", "-rf", path);

    public async Task<object?> ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (File.Exists(Path.Combine(Data, "postmaster.pid")))
            await StopAsync("immediate");
        await _folder.DisposeAsync();
    }

    /// <summary>Runs a client program (<c>pg_dump</c>, <c>psql</c>) on a database.</summary>
    public static async Task ToolAsync(string connectionString, string program, params string[] arguments)
    {
        var database = new NpgsqlConnectionStringBuilder(connectionString);
        var start = new ProcessStartInfo(
            PostgresBinaries.FindAll().Select(b => b[program]).First(File.Exists),
            [
                "-h", database.Host!, "-p", database.Port.ToString(CultureInfo.InvariantCulture), "-U", database.Username!, "-d", database.Database!, "--no-password",
                .. arguments,
            ])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PGPASSWORD"] = database.Password;
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{program} ended with {process.ExitCode}: {await output}{await errors}");
    }

    static async Task<GuardCluster> EmptyAsync()
    {
        TestPostgres.RequireBinaries();
        var cluster = new GuardCluster(await TestFolder.CreateAsync());
        Directory.CreateDirectory(cluster._folder.Cluster);
        await cluster._account.OwnAsync(cluster._folder.Cluster, default);
        return cluster;
    }

    Task RunAsync(string program, params string[] arguments) => RunPathAsync(_binaries[program], arguments);

    async Task RunPathAsync(string path, params string[] arguments)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        await _account.RunAsync(path, arguments, "/", patience.Token);
    }

    static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
