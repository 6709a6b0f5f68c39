using System.Diagnostics;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Races;

/// <summary>What grants cost the database: one row however often it is refreshed, and a few statements however many there are.</summary>
[Collection(RacesAlone.Name)]
public sealed class GrantRowTests(RaceHost host)
{
    const int Grants = 60;

    const string Updates =
        "SELECT n_tup_upd || ' ' || n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'grants'";

    static int Refreshes => RaceHost.Full ? 500 : 40;

    [Fact]
    public async Task Refreshing_updates_in_place_and_adds_no_row()
    {
        var (username, id) = await host.Client.RegisterAsync();
        var tokens = await Task.WhenAll(Enumerable.Range(0, Grants).Select(async _ => (await RaceAnswer.SignInAsync(host, username)).RefreshToken!));
        var (updatesBefore, hotBefore) = await UpdatesAsync();
        var rows = await host.ScalarAsync<long>("SELECT count(*) FROM grants");
        Assert.Equal(Grants, await host.ScalarAsync<long>("SELECT count(*) FROM grants WHERE user_id = $1", id));

        await Parallel.ForAsync(0, Grants, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (grant, _) =>
        {
            for (var i = 0; i < Refreshes; i++)
            {
                var answer = await RaceAnswer.RefreshAsync(host, i % 2, tokens[grant]);
                Assert.True(answer.Granted, answer.Body.ToJsonString());
                tokens[grant] = answer.RefreshToken!;
            }
        });

        Assert.Equal(rows, await host.ScalarAsync<long>("SELECT count(*) FROM grants"));
        Assert.Equal(Refreshes, await host.ScalarAsync<int>("SELECT min(generation) FROM grants WHERE user_id = $1", id));
        var (updates, hot) = (0L, 0L);
        await Eventually.TrueAsync(
            async () =>
            {
                (updates, hot) = await UpdatesAsync();
                return updates - updatesBefore >= Grants * Refreshes;
            },
            TimeSpan.FromSeconds(15));
        var share = (double)(hot - hotBefore) / (updates - updatesBefore);
        TestContext.Current.TestOutputHelper?.WriteLine($"{updates - updatesBefore} updates, {share:P2} heap-only");
        Assert.InRange(share, 0.95, 1);
    }

    /// <summary>R29: ending many is as few statements as ending one.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Case("R29")]
    public async Task Person_with_twenty_thousand_grants_is_ended_at_once(bool delete)
    {
        const int Many = 20_000;
        var admin = await host.Client.AdminTokenAsync();
        var (username, id) = await host.Client.RegisterAsync();
        var token = (await RaceAnswer.SignInAsync(host, username)).AccessToken!;
        await host.ExecuteAsync(
            $"""
            WITH session AS (
                INSERT INTO sessions (id, user_id, amr, auth_time, expires_at)
                SELECT gen_random_uuid(), {id}, 'pwd', identity_now(), identity_now() + interval '90 days' FROM generate_series(1, {Many / 10}) RETURNING id)
            INSERT INTO grants (id, session_id, user_id, application_id, scope, created_at, expires_at)
            SELECT gen_random_uuid(), session.id, {id}, (SELECT id FROM applications WHERE client_id = 'demo'), 'users:self', identity_now(),
                   identity_now() + interval '90 days'
            FROM session, generate_series(1, 10)
            """);
        Assert.Equal(Many + 1, await host.ScalarAsync<long>("SELECT count(*) FROM grants WHERE user_id = $1 AND ended_at IS NULL", id));

        using var counter = new SqlCounter();
        using var request = new HttpRequestMessage(delete ? HttpMethod.Delete : HttpMethod.Patch, delete ? $"/users/{id}" : $"/users/{id}/status");
        if (!delete)
            request.Content = System.Net.Http.Json.JsonContent.Create(new { status = false });
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + admin);
        request.Headers.TryAddWithoutValidation("traceparent", counter.TraceParent);
        var watch = Stopwatch.StartNew();
        var answer = await RaceAnswer.OfAsync(0, host.Nodes[0].Client.SendAsync(request));
        watch.Stop();
        await counter.RequestEndedAsync();

        Assert.Equal(200, answer.Status);
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{watch.ElapsedMilliseconds} ms, {counter.Count} statements: {string.Join(", ", counter.Statements.Select(s => s.Kind))}");
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM grants WHERE user_id = $1 AND ended_at IS NULL", id));
        foreach (var node in host.Nodes)
            Assert.Equal(401, (await RaceAnswer.OfAsync(0, node.Client.GetAsync("/users/current", token))).Status);
        // The same dozen as for a person with one grant.
        Assert.InRange(counter.Count, 1, 12);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(1), $"It took {watch.Elapsed}.");
    }

    async Task<(long Updates, long Hot)> UpdatesAsync()
    {
        host.FlushStatistics();
        var both = (await host.ScalarAsync<string>(Updates))!.Split(' ');
        return (long.Parse(both[0], null), long.Parse(both[1], null));
    }
}
