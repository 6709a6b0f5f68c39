using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Races;

/// <summary>
/// What rotation costs the table: an update in place that touches no index. A host of its own, since the statistics are of a whole database.
/// </summary>
public sealed class RotationRowTests(RaceHost host) : IClassFixture<RaceHost>
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

    async Task<(long Updates, long Hot)> UpdatesAsync()
    {
        host.FlushStatistics();
        var both = (await host.ScalarAsync<string>(Updates))!.Split(' ');
        return (long.Parse(both[0], null), long.Parse(both[1], null));
    }
}
