using IdentityHost.Data.Postgres;
using IdentityHost.Tests.Support;
using Npgsql;

namespace IdentityHost.Tests.Data;

/// <summary>Nodes and their database start in any order.</summary>
public sealed class DatabaseSetupTests(TestPostgres postgres)
{
    [Fact]
    [Case("R25")]
    public async Task A_node_that_is_started_before_its_server_waits_and_then_serves()
    {
        TestPostgres.RequireBinaries();
        await using var folder = await TestFolder.CreateAsync();
        var options = new EmbeddedPostgresOptions { Folder = folder.Cluster, Durable = false };
        var cancel = TestContext.Current.CancellationToken;
        string connection;
        await using (var made = await EmbeddedPostgres.StartAsync(options, _ => { }, cancel))
            connection = made.ConnectionString;

        var log = new LogRecorder();
        await using var app = HostNode.Build(connection, [], log);
        var starting = app.StartAsync(cancel);
        await Eventually.TrueAsync(
            () => Task.FromResult(log.Lines.Any(l => l.Contains("Waiting for the database", StringComparison.Ordinal))), TimeSpan.FromSeconds(20));
        Assert.False(starting.IsCompleted);

        await using var server = await EmbeddedPostgres.StartAsync(options, _ => { }, cancel);
        await starting.WaitAsync(TimeSpan.FromSeconds(60), cancel);
        using var client = new HttpClient();
        Assert.Contains("\"ok\"", await client.GetStringAsync(app.Urls.Single() + "/health/ready", cancel), StringComparison.Ordinal);
        await app.StopAsync(cancel);
        NpgsqlConnection.ClearAllPools();
    }

    [Fact]
    [Case("R25")]
    public async Task A_database_that_is_created_a_moment_after_its_server_is_waited_for()
    {
        var connection = await postgres.CreateEmptyDatabaseAsync();
        await postgres.DropDatabaseAsync(connection);
        var log = new LogRecorder();
        await using var app = HostNode.Build(connection, [], log);
        var starting = app.StartAsync();
        await Eventually.TrueAsync(
            () => Task.FromResult(log.Lines.Any(l => l.Contains("Waiting for the database", StringComparison.Ordinal))), TimeSpan.FromSeconds(8));

        await ExecuteAsync($"CREATE DATABASE {NameIn(connection)} TEMPLATE template0");
        await starting.WaitAsync(TimeSpan.FromSeconds(60));
        await app.StopAsync();
        await postgres.DropDatabaseAsync(connection);
    }

    [Fact]
    public async Task A_database_that_nobody_creates_is_refused_by_its_name_with_the_fix()
    {
        var connection = await postgres.CreateEmptyDatabaseAsync();
        await postgres.DropDatabaseAsync(connection);
        await using var app = HostNode.Build(connection, [], new LogRecorder());
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => app.StartAsync().WaitAsync(TimeSpan.FromSeconds(40)));
        Assert.Contains("ConnectionStrings:Postgres", refused.Message, StringComparison.Ordinal);
        Assert.Contains(NameIn(connection), refused.Message, StringComparison.Ordinal);
        Assert.Contains("CREATE DATABASE", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_old_schema_is_refused_where_migrating_is_the_operators_business()
    {
        var connection = await postgres.CreateEmptyDatabaseAsync();
        await using (var app = HostNode.Build(connection, [new("Database:MigrateOnStart", "false")], new LogRecorder()))
        {
            var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => app.StartAsync());
            Assert.Contains("migrate", refused.Message, StringComparison.Ordinal);
            Assert.Contains("Database:MigrateOnStart=true", refused.Message, StringComparison.Ordinal);
        }
        await postgres.DropDatabaseAsync(connection);
    }

    static string NameIn(string connection) => new NpgsqlConnectionStringBuilder(connection).Database!;

    async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(await postgres.SuperuserAsync());
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
