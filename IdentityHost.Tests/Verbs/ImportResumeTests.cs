using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using IdentityHost.Tests.Support;
using Npgsql;

namespace IdentityHost.Tests.Verbs;

/// <summary>A database of its own, whose triggers hold an import up at a line, or at the commit of that line's batch.</summary>
public sealed class ImportHost(TestPostgres postgres) : HostFixture(postgres)
{
    public const string Hold = "-hold";
    public const string HoldCommit = "-commit";

    readonly TestPostgres _postgres = postgres;

    protected override int NodeCount => 1;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        await ExecuteAsync(
            $"""
            CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock_shared(4711); RETURN NEW; END $$;
            CREATE TRIGGER hold BEFORE INSERT ON users FOR EACH ROW WHEN (NEW.user_name LIKE '%{Hold}') EXECUTE FUNCTION hold();
            CREATE CONSTRAINT TRIGGER hold_commit AFTER INSERT ON users DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.user_name LIKE '%{HoldCommit}') EXECUTE FUNCTION hold()
            """);
    }

    /// <summary>Another database with the schema and nobody in it.</summary>
    public Task<string> OtherDatabaseAsync() => _postgres.CreateDatabaseAsync();

    public Task DropAsync(string connectionString) => _postgres.DropDatabaseAsync(connectionString);
}

/// <summary>
/// An import that is interrupted, wherever: the same command goes on, every line comes to one account or is named with its number, and nothing is counted
/// twice. Three batches; one line is malformed, one is somebody else's name, one is there twice.
/// </summary>
public sealed partial class ImportResumeTests(ImportHost host) : IClassFixture<ImportHost>, IDisposable
{
    const int Lines = 45_000;
    const int Made = Lines - 3;

    readonly string _folder = Directory.CreateTempSubdirectory("users-import").FullName;
    readonly string _prefix = BackChannel.NewName();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(10, ImportHost.Hold)]
    [InlineData(24_000, ImportHost.Hold)]
    [InlineData(44_000, ImportHost.Hold)]
    [InlineData(24_000, ImportHost.HoldCommit)]
    public async Task Killed_at_a_line_or_at_a_commit_it_goes_on(int line, string how)
    {
        var file = await FileAsync(line, how);
        using (var held = await HoldAsync())
        {
            using var import = Start(file);
            await held.UntilSomebodyWaitsAsync();
            import.Kill();
            await import.WaitForExitAsync();
            // Killed at the commit, it is the database that finishes: the process never hears of it, and its notes must.
        }
        await MustFinishAsync(file);
        Assert.Equal(Made, await host.ScalarAsync<decimal>("SELECT sum(detail::bigint) FROM audit_events WHERE kind = 'users_imported' AND at > identity_now() - interval '10 minutes' AND id > $1", _before));
    }

    [Fact]
    public async Task Killed_at_a_commit_that_is_undone_it_writes_the_batch_again()
    {
        var file = await FileAsync(24_000, ImportHost.HoldCommit);
        using (var held = await HoldAsync())
        {
            using var import = Start(file);
            await held.UntilSomebodyWaitsAsync();
            import.Kill();
            await import.WaitForExitAsync();
            // While nobody knows how the batch ends, whoever goes on waits.
            using var next = Start(file);
            await Eventually.TrueAsync(
                async () => await host.ScalarAsync<long>("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_xact_status%'") > 0, TimeSpan.FromSeconds(60));
            await Task.Delay(TimeSpan.FromSeconds(1));
            Assert.False(next.HasExited);
            next.Kill();
            await next.WaitForExitAsync();
            await held.TerminateWaitingAsync();
        }
        Assert.Equal(20_000, await host.ScalarAsync<long>("SELECT count(*) FROM users WHERE user_name LIKE $1", _prefix + "%"));
        await MustFinishAsync(file);
    }

    [Theory]
    [InlineData("COPY import_users%")]
    [InlineData("INSERT INTO users%")]
    public async Task With_its_connection_cut_it_says_so_and_goes_on(string statement)
    {
        var file = await FileAsync(24_000, ImportHost.Hold);
        var copy = statement.StartsWith("COPY", StringComparison.Ordinal);
        using (var held = copy ? null : await HoldAsync())
        {
            using var import = Start(file);
            await Eventually.TrueAsync(
                async () => await host.ScalarAsync<long>(
                    "SELECT count(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND query LIKE $1) t", statement) > 0,
                TimeSpan.FromSeconds(60));
            await import.WaitForExitAsync();
            Assert.NotEqual(0, import.ExitCode);
            var error = await import.StandardError.ReadToEndAsync();
            Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
            Assert.NotEmpty(error);
        }
        await MustFinishAsync(file);
    }

    [Fact]
    public async Task Two_at_once_of_one_file_are_one()
    {
        var file = await FileAsync(24_000, ImportHost.Hold);
        using (var held = await HoldAsync())
        {
            using var first = Start(file);
            await held.UntilSomebodyWaitsAsync();
            var (code, _, error) = await RunAsync(file);
            Assert.Equal(1, code);
            Assert.Contains("another process", error, StringComparison.Ordinal);
            held.Release();
            await first.WaitForExitAsync();
            Assert.Contains($"{Made:N0} accounts were made of {Lines:N0} lines; 1 were there already.", await first.StandardOutput.ReadToEndAsync(), StringComparison.Ordinal);
        }
        await MustHoldAllAsync(file);
    }

    [Fact]
    public async Task Two_files_of_the_same_people_in_opposite_orders_make_each_once()
    {
        var file = await FileAsync();
        var other = Path.Combine(_folder, "reversed.jsonl");
        await File.WriteAllLinesAsync(other, (await File.ReadAllLinesAsync(file)).Reverse());
        var runs = await Task.WhenAll(RunAsync(file), RunAsync(other));
        Assert.All(runs, run => Assert.True(run.Code == 1 && run.Error.Contains("2 lines were rejected", StringComparison.Ordinal), run.Output + run.Error));
        Assert.Equal(Made, runs.Sum(run => int.Parse(MadeIn().Match(run.Output).Groups["made"].Value, NumberStyles.AllowThousands, CultureInfo.InvariantCulture)));
        // Of the person who is there in two spellings either one may have come first.
        Assert.Equal(Made, await host.ScalarAsync<long>("SELECT count(*) FROM users WHERE user_name ILIKE $1", _prefix + "%"));
    }

    [Fact]
    public async Task Notes_of_another_file_or_another_database_count_for_nothing()
    {
        var file = await FileAsync(24_000, ImportHost.Hold);
        using (var held = await HoldAsync())
        {
            using var import = Start(file);
            await held.UntilSomebodyWaitsAsync();
            import.Kill();
            await import.WaitForExitAsync();
        }
        var other = await host.OtherDatabaseAsync();
        var copy = Path.Combine(_folder, "copy.jsonl");
        try
        {
            File.Copy(file, copy);
            File.SetLastWriteTimeUtc(copy, File.GetLastWriteTimeUtc(file));
            File.Copy(file + ".progress", copy + ".progress");
            // There is no admin there whose name could be taken.
            Assert.Contains($"{Made + 1:N0} accounts were made of {Lines:N0} lines; 1 were there already.", (await RunAsync(copy, other)).Output, StringComparison.Ordinal);
        }
        finally
        {
            await host.DropAsync(other);
        }
        await File.AppendAllTextAsync(file, JsonSerializer.Serialize(new { username = _prefix + "-late" }) + "\n");
        var (_, output, _) = await RunAsync(file);
        Assert.Contains($"{Lines + 1 - 2 - 20_001:N0} accounts were made of {Lines + 1:N0} lines; 20,001 were there already.", output, StringComparison.Ordinal);
        Assert.Equal(["lines 1-20000", "line 40000"], await File.ReadAllLinesAsync(file + ".skipped"));
        // Notes that say nothing are none.
        await File.WriteAllTextAsync(file + ".progress", "60");
        Assert.Contains($"0 accounts were made of {Lines + 1:N0} lines", (await RunAsync(file)).Output, StringComparison.Ordinal);
    }

    long _before;

    /// <summary>The same command again ends as one run without an interruption would have.</summary>
    async Task MustFinishAsync(string file)
    {
        var (code, output, error) = await RunAsync(file);
        Assert.True(code == 1, output + error);
        Assert.Contains($"{Made:N0} accounts were made of {Lines:N0} lines; 1 were there already.", output, StringComparison.Ordinal);
        Assert.Contains("2 lines were rejected", error, StringComparison.Ordinal);
        await MustHoldAllAsync(file);
    }

    async Task MustHoldAllAsync(string file)
    {
        Assert.Equal(["line 25001: not a JSON object of known members", "line 30000: username_taken"], await File.ReadAllLinesAsync(file + ".rejected"));
        Assert.Equal(["line 40000"], await File.ReadAllLinesAsync(file + ".skipped"));
        Assert.False(File.Exists(file + ".progress"));
        Assert.Equal(
            $"{Made}/{Made}", await host.ScalarAsync<string>("SELECT concat_ws('/', count(*), count(DISTINCT normalized_user_name)) FROM users WHERE user_name LIKE $1", _prefix + "%"));
    }

    /// <summary>The lines, of which one is held up.</summary>
    async Task<string> FileAsync(int held = 0, string how = "")
    {
        _before = await host.ScalarAsync<long>("SELECT coalesce(max(id), 0) FROM audit_events");
        var file = Path.Combine(_folder, "accounts.jsonl");
        await File.WriteAllLinesAsync(file, Enumerable.Range(1, Lines).Select(line => line switch
        {
            25_001 => "{\"username\":",
            30_000 => JsonSerializer.Serialize(new { username = HostFixture.AdminName, email = $"{_prefix}@example.com" }),
            40_000 => JsonSerializer.Serialize(new { username = $"{_prefix.ToUpperInvariant()}-1", email = $"{_prefix}-1@example.com" }),
            _ => JsonSerializer.Serialize(new { username = $"{_prefix}-{line}{(line == held ? how : "")}", email = $"{_prefix}-{line}@example.com" }),
        }));
        return file;
    }

    Process Start(string file)
    {
        var process = Process.Start(HostProcess.Start("Development", Arguments(file, host.ConnectionString)))!;
        process.StandardInput.Close();
        return process;
    }

    async Task<(int Code, string Output, string Error)> RunAsync(string file, string? database = null)
    {
        var (code, output, error) = await HostProcess.RunAsync("Development", Arguments(file, database ?? host.ConnectionString));
        return (code, output, error);
    }

    static string[] Arguments(string file, string database) => ["users", "import", $"--ConnectionStrings:Postgres={database}", file];

    async Task<Held> HoldAsync()
    {
        var connection = await host.Database.OpenConnectionAsync();
        await using var command = new NpgsqlCommand("SELECT pg_advisory_lock(4711)", connection);
        await command.ExecuteNonQueryAsync();
        return new Held(host, connection);
    }

    [GeneratedRegex("(?<made>[0-9,]+) accounts were made", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex MadeIn();

    /// <summary>The lock that the triggers wait for.</summary>
    sealed class Held(ImportHost host, NpgsqlConnection connection) : IDisposable
    {
        const string Waiting = "FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 AND NOT granted";

        bool _released;

        public Task UntilSomebodyWaitsAsync() => Eventually.TrueAsync(async () => await host.ScalarAsync<long>($"SELECT count(*) {Waiting}") > 0, TimeSpan.FromSeconds(60));

        public async Task TerminateWaitingAsync()
        {
            Assert.Equal(1, await host.ScalarAsync<long>($"SELECT count(*) FROM (SELECT pg_terminate_backend(pid) {Waiting}) t"));
            await Eventually.TrueAsync(async () => await host.ScalarAsync<long>($"SELECT count(*) {Waiting}") == 0, TimeSpan.FromSeconds(10));
        }

        public void Release()
        {
            if (_released)
                return;
            _released = true;
            using var command = new NpgsqlCommand("SELECT pg_advisory_unlock(4711)", connection);
            command.ExecuteNonQuery();
        }

        public void Dispose()
        {
            Release();
            connection.Dispose();
        }
    }
}
