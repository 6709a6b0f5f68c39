using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using IdentityHost.Data;
using IdentityHost.Data.Postgres;
using Microsoft.EntityFrameworkCore;
using Npgsql;

[assembly: AssemblyFixture(typeof(IdentityHost.Tests.Support.TestPostgres))]

namespace IdentityHost.Tests.Support;

/// <summary>
/// The tests' database server: one throw-away cluster for the run, started by the first test that asks for a database, and one template that
/// is migrated once and cloned for each caller. <c>IDENTITYHOST_TEST_POSTGRES</c> (a superuser's connection string) names another server.
/// </summary>
public sealed class TestPostgres : IAsyncLifetime
{
    readonly SemaphoreSlim _starting = new(1);
    readonly List<string> _created = [];
    readonly string _prefix = "test_" + RandomNumberGenerator.GetHexString(8, lowercase: true);
    TestFolder? _folder;
    EmbeddedPostgres? _own;
    string? _superuser;
    string? _template;
    int _count;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    /// <summary>A connection string of the server's maintenance database, as superuser. Starts the server.</summary>
    public async Task<string> SuperuserAsync(CancellationToken cancellationToken = default)
    {
        await _starting.WaitAsync(cancellationToken);
        try
        {
            return _superuser ??= await StartAsync(cancellationToken);
        }
        finally
        {
            _starting.Release();
        }
    }

    /// <summary>A fresh database with the host's schema and no rows. Returns its connection string.</summary>
    public async Task<string> CreateDatabaseAsync(CancellationToken cancellationToken = default)
    {
        await SuperuserAsync(cancellationToken);
        await _starting.WaitAsync(cancellationToken);
        try
        {
            _template ??= await CreateTemplateAsync(cancellationToken);
        }
        finally
        {
            _starting.Release();
        }
        return await CreateAsync(_template, cancellationToken);
    }

    /// <summary>A fresh database with nothing in it. Returns its connection string.</summary>
    public async Task<string> CreateEmptyDatabaseAsync(CancellationToken cancellationToken = default)
    {
        await SuperuserAsync(cancellationToken);
        return await CreateAsync("template0", cancellationToken);
    }

    /// <summary>Removes a database, with the connections it still has.</summary>
    public async Task DropDatabaseAsync(string connectionString, CancellationToken cancellationToken = default)
    {
        await using (var pooled = new NpgsqlConnection(connectionString))
            NpgsqlConnection.ClearPool(pooled);
        await ExecuteAsync($"DROP DATABASE IF EXISTS {NameIn(connectionString)} WITH (FORCE)", cancellationToken);
        lock (_created)
            _created.Remove(NameIn(connectionString));
    }

    /// <summary>The text that <c>pg_dump</c> writes of a database: schema and rows, or only what <paramref name="options"/> select.</summary>
    public async Task<string> DumpAsync(string connectionString, params IReadOnlyList<string> options)
    {
        var database = new NpgsqlConnectionStringBuilder(connectionString);
        var program = PostgresBinaries.FindAll().Select(binaries => binaries["pg_dump"]).First(File.Exists);
        var start = new ProcessStartInfo(program, [
            "-h", database.Host!, "-p", database.Port.ToString(CultureInfo.InvariantCulture), "-U", database.Username!, "-d", database.Database!, "--no-password", .. options,
        ])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PGPASSWORD"] = database.Password;
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var text = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? text : throw new InvalidOperationException("pg_dump failed: " + await errors);
    }

    public async ValueTask DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        if (_own is not null)
        {
            await _own.DisposeAsync();
        }
        else
        {
            foreach (var name in _created.ToList())
                await ExecuteAsync($"DROP DATABASE IF EXISTS {name} WITH (FORCE)", CancellationToken.None);
        }
        if (_folder is not null)
            await _folder.DisposeAsync();
        _starting.Dispose();
    }

    static string NameIn(string connectionString) => new NpgsqlConnectionStringBuilder(connectionString).Database!;

    /// <summary>Without binaries a laptop skips the tests that need them; a build machine must not pass by skipping.</summary>
    async Task<string> StartAsync(CancellationToken cancellationToken)
    {
        if (Environment.GetEnvironmentVariable("IDENTITYHOST_TEST_POSTGRES") is { Length: > 0 } given)
            return new NpgsqlConnectionStringBuilder(given) { Pooling = false }.ConnectionString;
        RequireBinaries();
        _folder = await TestFolder.CreateAsync();
        _own = await EmbeddedPostgres.StartAsync(
            new EmbeddedPostgresOptions { Folder = _folder.Cluster, Durable = false, Database = "postgres" }, _ => { }, cancellationToken);
        return new NpgsqlConnectionStringBuilder(_own.ConnectionString) { Pooling = false }.ConnectionString;
    }

    /// <summary>Ends the test that calls it where Postgres is missing.</summary>
    internal static void RequireBinaries()
    {
        try
        {
            PostgresBinaries.FindAll();
        }
        catch (PostgresNotFoundException) when (Environment.GetEnvironmentVariable("CI") != "true")
        {
            Assert.Skip("No Postgres on this machine: install one, or set IDENTITYHOST_TEST_POSTGRES to a superuser's connection string.");
        }
    }

    async Task<string> CreateTemplateAsync(CancellationToken cancellationToken)
    {
        // No pool: a database with connections cannot be cloned.
        var connection = new NpgsqlConnectionStringBuilder(await CreateAsync("template0", cancellationToken)) { Pooling = false }.ConnectionString;
        await using var context = new HostDbContext(new DbContextOptionsBuilder<HostDbContext>().UseNpgsql(connection).Options);
        await context.Database.MigrateAsync(cancellationToken);
        return NameIn(connection);
    }

    async Task<string> CreateAsync(string template, CancellationToken cancellationToken)
    {
        var name = $"{_prefix}_{Interlocked.Increment(ref _count).ToString(CultureInfo.InvariantCulture)}";
        await ExecuteAsync($"CREATE DATABASE {name} TEMPLATE {template}", cancellationToken);
        lock (_created)
            _created.Add(name);
        // A machine that others use stands still for many seconds now and then: that is no failure of what is tested.
        return new NpgsqlConnectionStringBuilder(_superuser) { Database = name, Pooling = true, Timeout = 60 }.ConnectionString;
    }

    async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(_superuser);
        await connection.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 120 };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
