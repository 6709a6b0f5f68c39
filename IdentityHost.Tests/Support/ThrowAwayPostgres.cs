using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace IdentityHost.Tests.Support;

/// <summary>
/// A Postgres for a test of the tools themselves, which must not lean on what they test: a fresh cluster in a temporary folder, or the server
/// that <c>IDENTITYHOST_TEST_POSTGRES</c> names.
/// </summary>
internal sealed class ThrowAwayPostgres : IAsyncDisposable
{
    readonly string? _folder;

    ThrowAwayPostgres(string connectionString, string? folder) => (ConnectionString, _folder) = (connectionString, folder);

    public string ConnectionString { get; }

    /// <summary>Starts it; on a laptop without Postgres the test is skipped, with <c>CI=true</c> it fails.</summary>
    public static async Task<ThrowAwayPostgres> StartAsync()
    {
        if (Environment.GetEnvironmentVariable("IDENTITYHOST_TEST_POSTGRES") is { Length: > 0 } named)
            return new ThrowAwayPostgres(named, null);
        if (Binary("initdb") is null)
        {
            const string Missing = "Postgres is missing: install it (apt-get install postgresql), or set IDENTITYHOST_TEST_POSTGRES.";
            Assert.SkipUnless(Environment.GetEnvironmentVariable("CI") == "true", Missing);
            Assert.Fail(Missing);
        }

        var folder = Directory.CreateTempSubdirectory("identityhost-test-").FullName;
        if (Environment.IsPrivilegedProcess)
            await RunAsync("chown", "postgres", folder);
        var port = FreePort();
        await RunAsPostgresAsync("initdb", "-D", $"{folder}/data", "-A", "trust", "-U", "postgres", "--no-sync");
        await RunAsPostgresAsync(
            "pg_ctl", "-D", $"{folder}/data", "-w", "-l", $"{folder}/log",
            "-o", $"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories='' -c fsync=off", "start");
        return new ThrowAwayPostgres($"Host=127.0.0.1;Port={port};Username=postgres;Database=postgres", folder);
    }

    public async ValueTask DisposeAsync()
    {
        if (_folder is null)
            return;
        await RunAsPostgresAsync("pg_ctl", "-D", $"{_folder}/data", "-m", "immediate", "-w", "stop");
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>The newest installed binary of this name: Debian keeps them off PATH, in one folder per version.</summary>
    static string? Binary(string name)
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).ToList();
        if (Directory.Exists("/usr/lib/postgresql"))
            folders.AddRange(Directory.GetDirectories("/usr/lib/postgresql").OrderDescending().Select(version => $"{version}/bin"));
        return folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
    }

    /// <summary>Postgres refuses to run as root.</summary>
    static Task RunAsPostgresAsync(string name, params string[] arguments) => Environment.IsPrivilegedProcess
        ? RunAsync("runuser", ["-u", "postgres", "--", Binary(name)!, .. arguments])
        : RunAsync(Binary(name)!, arguments);

    static async Task RunAsync(string file, params string[] arguments)
    {
        // Output is not redirected: the server that pg_ctl leaves behind would keep the pipe open, and the reader waiting.
        using var process = Process.Start(new ProcessStartInfo("sh", ["-c", "exec \"$@\" >/dev/null 2>&1", "sh", file, .. arguments])
        {
            WorkingDirectory = Path.GetTempPath(),
        })!;
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{file} {string.Join(' ', arguments)} ended with {process.ExitCode}.");
    }

    static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
