using System.Diagnostics;
using System.Net;
using IdentityHost.Tests.Faults;
using IdentityHost.Tests.Races;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.ResourceServer.Remote;

/// <summary>
/// Two nodes of the issuer and three APIs, each its own process, and requests that never cease: who logs out at either node is refused at all three. With
/// <c>IDENTITYHOST_FULL=true</c> the promised thousand times, and each within 100 ms; also while nodes are killed.
/// </summary>
[Collection(FaultsAlone.Name)]
public sealed class PromiseTests(PromiseHost host) : IClassFixture<PromiseHost>
{
    static int Trials => RaceHost.Full ? 1000 : 25;

    static int TrialsWithKills => RaceHost.Full ? 1000 : 10;

    static int Kills => RaceHost.Full ? 40 : 1;

    static int Restarts => RaceHost.Full ? 10 : 1;

    [Fact]
    public async Task A_logout_is_obeyed_at_every_api()
    {
        await using var steady = await SteadyRequests.StartAsync(host.Client, host.Apis);
        // The first answers of a process take longer than the others, and its first token may be judged before its copy is there.
        for (var i = 0; i < 2; i++)
            await PromiseTrial.LogOutAsync(await PromiseTrial.SignInAsync(host.Client, host.Apis), host.Live[i].Client, host.Apis);
        var asked = host.Balancer.Introspections;
        List<TimeSpan> delays = [];
        for (var trial = 0; trial < Trials; trial++)
        {
            var person = await PromiseTrial.SignInAsync(host.Live[(trial / 2) % 2].Client, host.Apis);
            delays.AddRange(await PromiseTrial.LogOutAsync(person, host.Live[trial % 2].Client, host.Apis));
        }
        Conclude($"{Trials} logouts at two nodes, three APIs, {steady} beside", delays);
        Assert.Equal(0, steady.Refused);
        // They knew it by themselves: whoever's copy is old for a moment, as on a machine with other work, asks, and may find nobody.
        var seldom = steady.Accepted / 20;
        Assert.InRange(steady.Unavailable, 0, seldom);
        Assert.InRange(host.Balancer.Introspections - asked, 0, seldom);
    }

    [Fact]
    public async Task A_logout_is_obeyed_while_nodes_are_killed()
    {
        await using var steady = await SteadyRequests.StartAsync(host.Client, host.Apis);
        using var enough = new CancellationTokenSource();
        var killing = KillAsync(enough.Token);
        var (delays, unanswered) = (new List<TimeSpan>(), 0);
        for (var trial = 0; delays.Count < TrialsWithKills * host.Apis.Count || !killing.IsCompleted; trial++)
        {
            if (delays.Count >= TrialsWithKills * host.Apis.Count)
                await enough.CancelAsync();
            try
            {
                var live = host.Live;
                var node = live[trial % live.Count].Client;
                delays.AddRange(await PromiseTrial.LogOutAsync(await PromiseTrial.SignInAsync(node, host.Apis), node, host.Apis));
            }
            catch (HttpRequestException)
            {
                // Whoever gets no answer was promised nothing.
                unanswered++;
            }
        }
        Conclude($"{delays.Count / host.Apis.Count} logouts ({unanswered} more unanswered) while nodes were killed {await killing} times, {steady} beside", delays);
        Assert.Equal(0, steady.Refused);
    }

    /// <summary>
    /// From the moment at which the copies are known to be old nothing is let in, neither good tokens nor dead ones, until the database is back; and then good
    /// ones work as before, and dead ones stay dead.
    /// </summary>
    [Fact]
    public async Task Nothing_is_accepted_while_nobody_can_tell()
    {
        for (var restart = 0; restart < Restarts; restart++)
        {
            var good = (await PromiseTrial.SignInAsync(host.Client, host.Apis)).AccessToken;
            var leaving = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => PromiseTrial.SignInAsync(host.Client, host.Apis)));
            var answers = leaving.Select((person, i) => LeaveAsync(person, host.Live[i % 2].Client, i * 5)).ToList();
            // In the midst of it.
            await answers[leaving.Length / 2];
            await host.Cluster.StopAsync(restart % 2 == 0 ? "fast" : "immediate");
            var stopped = Stopwatch.GetTimestamp();
            var gone = (await Task.WhenAll(answers)).OfType<(string Token, long Answered)>().ToList();

            using var back = new CancellationTokenSource();
            var watching = host.Apis.Select(api => WatchAsync(api, good, gone, stopped, back.Token)).ToList();
            await Task.Delay(PromiseTrial.Latest + TimeSpan.FromSeconds(2));
            await back.CancelAsync();
            await Task.WhenAll(watching);

            await host.Cluster.StartAsync();
            foreach (var api in host.Apis)
            {
                await Eventually.TrueAsync(
                    async () =>
                    {
                        foreach (var (token, _) in gone)
                            Assert.NotEqual(HttpStatusCode.OK, await api.StatusAsync(token));
                        return await api.StatusAsync(good) == HttpStatusCode.OK;
                    },
                    TimeSpan.FromSeconds(30));
            }
            TestContext.Current.TestOutputHelper?.WriteLine($"{gone.Count} of {leaving.Length} logouts were answered just before the database stopped");
        }
        await Eventually.TrueAsync(async () => (await Task.WhenAll(host.Live.Select(n => n.Client.GetAsync("/health/ready")))).All(a => a.IsSuccessStatusCode), TimeSpan.FromSeconds(30));
        await PromiseTrial.LogOutAsync(await PromiseTrial.SignInAsync(host.Client, host.Apis), host.Live[0].Client, host.Apis);
    }

    static void Conclude(string what, List<TimeSpan> delays)
    {
        var report = PromiseTrial.Report(what, delays);
        TestContext.Current.TestOutputHelper?.WriteLine(report);
        if (RaceHost.Full)
            Assert.True(delays[^1] <= PromiseTrial.Usual, report);
    }

    /// <summary>Kills the nodes in turn; there is always one. Returns how many.</summary>
    async Task<int> KillAsync(CancellationToken enough)
    {
        var killed = 0;
        for (; killed < Kills || !enough.IsCancellationRequested; killed++)
        {
            await Task.Delay(Random.Shared.Next(500, 1500), CancellationToken.None);
            await host.KillAsync(killed % 2, TimeSpan.FromMilliseconds(Random.Shared.Next(1000)));
        }
        return killed;
    }

    /// <summary>Logs out after some milliseconds; null where nobody confirmed it.</summary>
    static async Task<(string Token, long Answered)?> LeaveAsync(SignedIn person, HttpClient node, int after)
    {
        await Task.Delay(after);
        try
        {
            using var answer = await node.CallAsync(HttpMethod.Delete, "/users/logout", person.AccessToken);
            return answer.IsSuccessStatusCode ? (person.AccessToken, Stopwatch.GetTimestamp()) : null;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    /// <summary>Sends a good token and those of who has left, until it is told that the database comes back.</summary>
    static async Task WatchAsync(Sample api, string good, List<(string Token, long Answered)> gone, long stopped, CancellationToken back)
    {
        while (!back.IsCancellationRequested)
        {
            var since = Stopwatch.GetElapsedTime(stopped);
            var status = await api.StatusAsync(good);
            Assert.True(
                status == HttpStatusCode.ServiceUnavailable || (status == HttpStatusCode.OK && since < PromiseTrial.Latest),
                $"{api.Name}: {status} for a good token {since} after the database had stopped");
            foreach (var (token, answered) in gone)
            {
                var left = Stopwatch.GetElapsedTime(answered);
                Assert.True(await api.StatusAsync(token) != HttpStatusCode.OK || left < PromiseTrial.Latest, $"{api.Name} let in who had left {left} before");
            }
            await Task.Delay(20, CancellationToken.None);
        }
    }
}
