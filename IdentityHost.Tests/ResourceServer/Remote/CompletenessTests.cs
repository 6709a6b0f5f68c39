using System.Diagnostics;
using IdentityHost.Revocation;
using IdentityHost.Tests.Races;
using IdentityHost.Tests.Support;
using Npgsql;

namespace IdentityHost.Tests.ResourceServer.Remote;

/// <summary>
/// No revocation is missed by a resource server: transactions of both nodes that commit in another order than they began, notices that get lost, streams that
/// break at random and go on at another node. Three seconds; a minute at the promised rate with <c>IDENTITYHOST_FULL=true</c>.
/// </summary>
[Collection(RacesAlone.Name)]
public sealed class CompletenessTests(RemoteHost host) : IClassFixture<RemoteHost>
{
    const int RowsPerTransaction = 50;

    /// <summary>Half of them at each node.</summary>
    static int Writers => RaceHost.Full ? 32 : 8;

    /// <summary>Aimed at: some transactions are rolled back, and some wait long.</summary>
    static int RowsPerSecond => RaceHost.Full ? 10_000 : 1500;

    const int PromisedRate = 5000;

    static TimeSpan Length => TimeSpan.FromSeconds(RaceHost.Full ? 60 : 3);

    [Fact]
    public async Task Every_copy_equals_the_table()
    {
        await using var steady = await RemoteApi.StartAsync(host);
        await using var restless = await RemoteApi.StartAsync(host);
        await using var frantic = await RemoteApi.StartAsync(host);
        using var ended = new CancellationTokenSource(Length);
        var watch = Stopwatch.StartNew();
        var breaking = new[] { BreakAsync(restless, 400, ended.Token), BreakAsync(frantic, 60, ended.Token), LoseNoticesAsync(ended.Token) };
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(i => WriteAsync(host.Nodes[i % 2], new Random(i), ended.Token)));
        await Task.WhenAll(breaking);
        var rate = await host.ScalarAsync<long>("SELECT count(*) FROM revocations WHERE kind = 0") / watch.Elapsed.TotalSeconds;

        // What was committed before this row has been read once it is there.
        var last = BackChannel.NewName();
        await host.ExecuteAsync("INSERT INTO revocations (kind, key, expires_at) VALUES (0, $1, identity_now() + interval '61 minutes')", last);
        var table = await TableAsync();
        foreach (var api in (RemoteApi[])[steady, restless, frantic])
        {
            await Eventually.TrueAsync(() => Task.FromResult(api.Copy.IsFresh && Keys(api).Contains(last)), TimeSpan.FromSeconds(30));
            var copy = Keys(api);
            Assert.Empty(table.Except(copy));
            Assert.Empty(copy.Except(table));
        }
        Assert.True(frantic.Line.Count(IssuerLine.Feed) > 5, "The stream was hardly broken.");
        Assert.True(RaceHost.Full ? rate >= PromisedRate : table.Count > 500, $"Only {table.Count} rows were written, {rate:0} a second.");
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{table.Count} rows, {rate:0} a second, {restless.Line.Count(IssuerLine.Feed)} and {frantic.Line.Count(IssuerLine.Feed)} streams; all copies equal the table");
    }

    static HashSet<string> Keys(RemoteApi api) =>
        api.Copy.Rows.Where(r => r.Kind == IdentityHost.ResourceServer.Revocations.RevokedKind.Token).Select(r => r.Key).ToHashSet();

    static async Task BreakAsync(RemoteApi api, int milliseconds, CancellationToken ended)
    {
        while (!ended.IsCancellationRequested)
        {
            await Task.Delay(Random.Shared.Next(milliseconds), CancellationToken.None);
            api.Line.Break();
        }
    }

    async Task LoseNoticesAsync(CancellationToken ended)
    {
        while (!ended.IsCancellationRequested)
        {
            await host.ExecuteAsync(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'identityhost feed' AND datname = current_database() AND query LIKE 'LISTEN %'");
            await Task.Delay(Random.Shared.Next(300), CancellationToken.None);
        }
    }

    /// <summary>As the node does it, but for the changes that the rows would tell of, which cost far more than they: its connection, its notice after the commit.</summary>
    static async Task WriteAsync(HostNode node, Random random, CancellationToken ended)
    {
        await using var connection = await node.Service<NpgsqlDataSource>().OpenConnectionAsync(CancellationToken.None);
        var pace = TimeSpan.FromSeconds((double)Writers * RowsPerTransaction / RowsPerSecond);
        while (!ended.IsCancellationRequested)
        {
            var watch = Stopwatch.StartNew();
            await using var transaction = await connection.BeginTransactionAsync(CancellationToken.None);
            await InsertAsync(connection);
            await Task.Delay(random.Next(30) == 0 ? TimeSpan.FromMilliseconds(random.Next(1200)) : pace * random.NextDouble(), CancellationToken.None);
            await InsertAsync(connection);
            if (random.Next(10) == 0)
                await transaction.RollbackAsync(CancellationToken.None);
            else
                await transaction.CommitAsync(CancellationToken.None);
            await node.Service<RevocationFeed>().PublishAsync();
            if (pace - watch.Elapsed is var rest && rest > TimeSpan.Zero)
                await Task.Delay(rest, CancellationToken.None);
        }
    }

    static async Task InsertAsync(NpgsqlConnection connection)
    {
        await using var insert = new NpgsqlCommand(
            Revocations.InsertInto + "SELECT 0, gen_random_uuid()::text, NULL, identity_now() + interval '61 minutes' FROM generate_series(1, $1)", connection);
        insert.Parameters.Add(new() { Value = RowsPerTransaction / 2 });
        await insert.ExecuteNonQueryAsync();
    }

    async Task<HashSet<string>> TableAsync()
    {
        var keys = new HashSet<string>();
        await using var command = host.Database.CreateCommand("SELECT key FROM revocations WHERE kind = 0");
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
            keys.Add(reader.GetString(0));
        return keys;
    }
}
