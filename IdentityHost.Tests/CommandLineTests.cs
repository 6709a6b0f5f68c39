using IdentityHost.Tests.Support;
using Npgsql;

namespace IdentityHost.Tests;

/// <summary>The binary as a person meets it on a console.</summary>
public sealed class CommandLineTests(TestPostgres postgres)
{
    [Fact]
    public async Task Migrate_makes_the_schema_and_ends_and_again_it_changes_nothing()
    {
        var database = await postgres.CreateEmptyDatabaseAsync();
        string[] arguments = ["migrate", $"--ConnectionStrings:Postgres={database}", "--Issuer=https://id.example.com", "--DataProtection:AllowUnwrapped=true"];
        var (code, output, error) = await HostProcess.RunAsync("Production", arguments);
        Assert.True(code == 0, output + error);
        Assert.Equal("", error);

        await using var rows = NpgsqlDataSource.Create(database);
        await using var command = rows.CreateCommand("SELECT (SELECT count(DISTINCT algorithm) FROM signing_keys) + (SELECT count(*) FROM applications WHERE client_id = 'identityhost')");
        Assert.Equal(3L, await command.ExecuteScalarAsync());

        Assert.Equal(0, (await HostProcess.RunAsync("Production", arguments)).ExitCode);
        Assert.Equal(3L, await command.ExecuteScalarAsync());
        await rows.DisposeAsync();
        await postgres.DropDatabaseAsync(database);
    }

    [Fact]
    public async Task Help_names_the_verbs_and_the_settings()
    {
        var (code, output, _) = await HostProcess.RunAsync("Production", "--help");
        Assert.Equal(0, code);
        Assert.All((string[])["serve", "migrate", "keys", "--Name=value"], word => Assert.Contains(word, output, StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_unknown_verb_is_refused_by_its_name()
    {
        var (code, output, error) = await HostProcess.RunAsync("Production", "server");
        Assert.Equal((1, ""), (code, output));
        Assert.Equal("'server' is not known. Use serve (the default), migrate, keys, users, docs, probe or revoke-everything; --help tells more.", error.Trim());
    }

    /// <summary>Each is said on the error stream in a few lines: no stack, no framework's report of a crash.</summary>
    [Theory]
    [InlineData("ConnectionStrings:Postgres is not set", "--Issuer=https://id.example.com", "--DataProtection:AllowUnwrapped=true")]
    [InlineData("Tokens:AccessTokenLifetime is 02:00:00", "--Issuer=https://id.example.com", "--DataProtection:AllowUnwrapped=true", "--Tokens:AccessTokenLifetime=02:00:00", "--ConnectionStrings:Postgres=Host=127.0.0.1;Port=1")]
    [InlineData("DataProtection:Certificate: there is no file /nowhere.p12", "--Issuer=https://id.example.com", "--DataProtection:Certificate=/nowhere.p12", "--ConnectionStrings:Postgres=Host=127.0.0.1;Port=1")]
    public async Task A_mistake_of_set_up_is_told_in_lines_and_not_in_a_stack(string message, params string[] settings)
    {
        var (code, output, error) = await HostProcess.RunAsync("Production", settings);
        Assert.Equal(1, code);
        Assert.Contains(message, error, StringComparison.Ordinal);
        foreach (var text in (string[])[output, error])
        {
            Assert.DoesNotContain("   at ", text, StringComparison.Ordinal);
            Assert.DoesNotContain("Exception", text, StringComparison.Ordinal);
        }
        Assert.InRange(error.Trim().Split('\n').Length, 1, 3);
    }

    [Fact]
    public async Task A_password_that_the_database_refuses_is_not_waited_for()
    {
        var database = await postgres.CreateEmptyDatabaseAsync();
        var wrong = new NpgsqlConnectionStringBuilder(database) { Username = "nobody_of_this_name", Password = "canary-of-a-password" };
        var (code, output, error) = await HostProcess.RunAsync(
            "Production", "--Issuer=https://id.example.com", "--DataProtection:AllowUnwrapped=true", $"--ConnectionStrings:Postgres={wrong.ConnectionString}");
        Assert.Equal(1, code);
        Assert.Contains("ConnectionStrings:Postgres", error, StringComparison.Ordinal);
        Assert.Contains("Correct Username= and Password=", error, StringComparison.Ordinal);
        Assert.DoesNotContain("canary-of-a-password", output + error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output + error, StringComparison.Ordinal);
        await postgres.DropDatabaseAsync(database);
    }
}
