using System.Diagnostics;
using System.Net;
using IdentityHost.Tests.Faults;
using IdentityHost.Tests.Races;
using IdentityHost.Tests.Revocation;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.ResourceServer.Remote;

/// <summary>
/// Two nodes of the issuer, three APIs: who logs out at either node is refused at all three. 50 trials; with <c>IDENTITYHOST_FULL=true</c> the promised
/// 1,000, in each of which a request that begins 100 ms after the answer is refused.
/// </summary>
[Collection(RacesAlone.Name)]
public sealed class PromiseTests(RemoteHost host) : IClassFixture<RemoteHost>
{
    static readonly TimeSpan Latest = TimeSpan.FromSeconds(2);
    static readonly TimeSpan Usual = TimeSpan.FromMilliseconds(100);

    static int Trials => RaceHost.Full ? 1000 : 50;

    [Fact]
    public async Task A_logout_is_obeyed_at_every_api()
    {
        await using var first = await RemoteApi.StartAsync(host);
        await using var second = await RemoteApi.StartAsync(host);
        await using var third = await RemoteApi.StartAsync(host);
        List<TimeSpan> delays = [];
        for (var trial = 0; trial < Trials; trial++)
        {
            var (person, token) = await RemoteHost.NewAsync(host.Client);
            foreach (var api in (RemoteApi[])[first, second, third])
                Assert.Equal(HttpStatusCode.OK, await api.GetAsync(token));
            await person.EndAsync(RevokingAct.Logout, host.Nodes[trial % 2].Client, "");
            var answered = Stopwatch.GetTimestamp();
            delays.AddRange(await Task.WhenAll(new[] { first, second, third }.Select(api => RefusedAfterAsync(api, token, answered))));
        }
        delays.Sort();
        TestContext.Current.TestOutputHelper?.WriteLine(Report($"{Trials} logouts at two nodes, three APIs", delays));
        if (RaceHost.Full)
            Assert.True(delays[^1] <= Usual, Report("too late", delays));
        Assert.Equal(0, first.Line.Count(IssuerLine.Introspection));
    }

    /// <summary>How long after <paramref name="answered"/> the last request began that was let in; never more than two seconds.</summary>
    static async Task<TimeSpan> RefusedAfterAsync(RemoteApi api, string token, long answered)
    {
        var accepted = TimeSpan.Zero;
        while (true)
        {
            var began = Stopwatch.GetElapsedTime(answered);
            var status = await api.GetAsync(token);
            if (status != HttpStatusCode.OK)
            {
                Assert.True(status is HttpStatusCode.Unauthorized or HttpStatusCode.ServiceUnavailable, $"{status}");
                return accepted;
            }
            accepted = began;
            Assert.True(began < Latest, $"The token is accepted {began} after the logout.");
        }
    }

    internal static string Report(string what, List<TimeSpan> delays)
    {
        double[] edges = [0.5, 1, 2, 5, 10, 20, 50, 100, 2000];
        var lines = edges.Select((edge, i) =>
        {
            var count = delays.Count(d => d.TotalMilliseconds <= edge && (i == 0 || d.TotalMilliseconds > edges[i - 1]));
            return $"{edge,6} ms | {new string('#', (int)Math.Ceiling(60.0 * count / delays.Count))} {count}";
        });
        return $"{what}: p50 {At(0.5):0.0} ms, p99 {At(0.99):0.0} ms, max {delays[^1].TotalMilliseconds:0.0} ms\n{string.Join('\n', lines)}";

        double At(double share) => delays[(int)Math.Ceiling(delays.Count * share) - 1].TotalMilliseconds;
    }
}

/// <summary>The promise while a node of the issuer is killed and started again, and while its database is.</summary>
[Collection(FaultsAlone.Name)]
public sealed class PromiseUnderFaultTests(FaultHost host) : IClassFixture<FaultHost>
{
    static readonly TimeSpan Latest = TimeSpan.FromSeconds(2);

    /// <summary>What is in flight when the copy becomes too old.</summary>
    static readonly TimeSpan Margin = TimeSpan.FromSeconds(1);

    static int Kills => RaceHost.Full ? 20 : 2;

    static (string, string)[] Settings => [.. RemoteHost.ApiSettings.Select(s => (s.Key, s.Value!)), ("Logging:LogLevel:Default", "Warning")];

    [Fact]
    public async Task A_logout_is_obeyed_while_a_node_is_killed()
    {
        var nodes = await Task.WhenAll(host.StartNodeAsync(Settings), host.StartNodeAsync(Settings));
        var apis = new List<RemoteApi>();
        for (var i = 0; i < 3; i++)
            apis.Add(await RemoteApi.StartAsync(new IssuerLine([.. nodes.Select(n => n.Client.BaseAddress!)])));
        List<TimeSpan> delays = [];
        for (var kill = 0; kill < Kills; kill++)
        {
            var (victim, survivor) = (kill % 2, nodes[1 - kill % 2]);
            var people = new List<(SignedIn Person, string Token)>();
            for (var i = 0; i < 5; i++)
                people.Add(await RemoteHost.NewAsync(survivor.Client));
            foreach (var (_, token) in people)
                Assert.All(await Task.WhenAll(apis.Select(api => api.GetAsync(token))), status => Assert.Equal(HttpStatusCode.OK, status));
            await nodes[victim].KillAsync();
            foreach (var (person, token) in people)
            {
                await person.EndAsync(RevokingAct.Logout, survivor.Client, "");
                var answered = Stopwatch.GetTimestamp();
                delays.AddRange(await Task.WhenAll(apis.Select(api => RefusedAsync(api, token, answered))));
            }
            nodes[victim] = await host.StartNodeAsync(Settings);
            foreach (var api in apis)
            {
                api.Line.Nodes = [.. nodes.Select(n => n.Client.BaseAddress!)];
                await api.UntilFreshAsync();
            }
        }
        delays.Sort();
        TestContext.Current.TestOutputHelper?.WriteLine(PromiseTests.Report($"{Kills} nodes killed", delays));
        foreach (var api in apis)
            await api.DisposeAsync();
    }

    /// <summary>Nothing is accepted from the moment at which the copy is known to be old until the database is back; and then good tokens work as before.</summary>
    [Fact]
    public async Task Nothing_is_accepted_while_nobody_can_tell()
    {
        await using var cluster = await GuardCluster.StartNewAsync();
        await using var node = await HostNode.StartAsync(cluster.ConnectionString, [.. RemoteHost.ApiSettings, new("Logging:LogLevel:Default", "Warning")]);
        await using var api = await RemoteApi.StartAsync(new IssuerLine([node]));
        var (person, gone) = await RemoteHost.NewAsync(node.Client);
        var (_, token) = await RemoteHost.NewAsync(node.Client);
        Assert.Equal(HttpStatusCode.OK, await api.GetAsync(token));
        await cluster.StopAsync();
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < Latest + Latest + Margin)
        {
            var began = watch.Elapsed;
            var status = await api.GetAsync(token);
            Assert.True(status == HttpStatusCode.ServiceUnavailable || (status == HttpStatusCode.OK && began < Latest + Margin), $"{status} at {began}");
            await Task.Delay(20);
        }
        await cluster.StartAsync();
        await api.UntilFreshAsync();
        Assert.Equal(HttpStatusCode.OK, await api.GetAsync(token));
        await Eventually.TrueAsync(
            async () =>
            {
                using var answer = await node.Client.CallAsync(HttpMethod.Delete, "/users/logout", person.AccessToken);
                return answer.IsSuccessStatusCode;
            },
            TimeSpan.FromSeconds(20));
        await RefusedAsync(api, gone, Stopwatch.GetTimestamp());
    }

    static async Task<TimeSpan> RefusedAsync(RemoteApi api, string token, long answered)
    {
        while (await api.GetAsync(token) == HttpStatusCode.OK)
            Assert.True(Stopwatch.GetElapsedTime(answered) < Latest, $"The token is accepted {Stopwatch.GetElapsedTime(answered)} after the logout.");
        return Stopwatch.GetElapsedTime(answered);
    }
}
