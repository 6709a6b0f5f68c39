using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace IdentityHost.Tests.Support;

public sealed class SqlCounterTests
{
    [Theory]
    [InlineData("SELECT 1", "SELECT")]
    [InlineData("  insert into t\nSELECT 1 UNION\nSELECT 2;", "INSERT")]
    [InlineData("-- why; not\nWITH a AS (SELECT 1) UPDATE t SET x = 'a;''b'", "WITH")]
    [InlineData("/* x; */ DELETE FROM \"odd;name\" WHERE a = $1 AND b = $2", "DELETE")]
    [InlineData("DO $body$ BEGIN PERFORM 1; END; $body$", "DO")]
    public void One_statement_is_one(string sql, string kind) => Assert.Equal(kind, Assert.Single(SqlStatements.Split(sql)).Kind);

    [Fact]
    public void Statements_are_told_apart_in_order() =>
        Assert.Equal(["SELECT", "INSERT", "COMMIT"], SqlStatements.Split("SELECT ';' ;\nINSERT INTO t VALUES ($1);; COMMIT;").Select(s => s.Kind));

    /// <summary>A real server over HTTP and a real Postgres: a batch of three and a single statement, and a stranger's request beside it.</summary>
    [Fact]
    public async Task Counts_each_statement_of_a_batch_and_of_its_own_request_only()
    {
        await using var postgres = await ThrowAwayPostgres.StartAsync();
        await using var database = NpgsqlDataSource.Create(postgres.ConnectionString);
        await using var app = await ServeAsync(database);
        using var client = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
        using var counter = new SqlCounter();

        using var counted = new HttpRequestMessage(HttpMethod.Get, "/");
        counted.Headers.Add("traceparent", counter.TraceParent);
        var stranger = client.GetAsync("/");
        Assert.Equal(HttpStatusCode.OK, (await client.SendAsync(counted)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await stranger).StatusCode);
        await counter.RequestEndedAsync();

        Assert.Equal(["CREATE", "INSERT", "SELECT", "WITH"], counter.Statements.Select(s => s.Kind));
        Assert.Equal(4, counter.Count);
        Assert.Equal(1, counter.Of("insert"));
    }

    static async Task<WebApplication> ServeAsync(NpgsqlDataSource database)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.MapGet("/", async (HttpContext context) =>
        {
            await using var connection = await database.OpenConnectionAsync(context.RequestAborted);
            await using (var batch = new NpgsqlBatch(connection))
            {
                batch.BatchCommands.Add(new NpgsqlBatchCommand("CREATE TEMP TABLE IF NOT EXISTS counted (a int)"));
                batch.BatchCommands.Add(new NpgsqlBatchCommand("INSERT INTO counted\nSELECT 1 UNION\nSELECT 2"));
                batch.BatchCommands.Add(new NpgsqlBatchCommand("SELECT 1"));
                await batch.ExecuteNonQueryAsync(context.RequestAborted);
            }
            await using var command = new NpgsqlCommand("WITH x AS (SELECT 1) SELECT * FROM x", connection);
            return Convert.ToString(await command.ExecuteScalarAsync(context.RequestAborted), System.Globalization.CultureInfo.InvariantCulture);
        });
        await app.StartAsync();
        return app;
    }
}
