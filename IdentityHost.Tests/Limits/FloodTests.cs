using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using IdentityHost.Tests.Protocol;
using IdentityHost.Tests.Races;
using IdentityHost.Tests.SignIn;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Limits;

/// <summary>Two nodes that hash at full cost, without the Debug log, which would be most of the work. No address is blocked: the whole flood arrives.</summary>
public sealed class FloodHost(TestPostgres postgres) : HostFixture(postgres)
{
    protected override IEnumerable<KeyValuePair<string, string?>> Settings => [new("Passwords:Iterations", "210000"), new("Logging:LogLevel:Default", "Warning")];
}

/// <summary>
/// A flood of wrong passwords is held by the queue in front of the hashing threads; what shows a token is not. 100 a second for 60 s in the full run, else
/// for a few seconds.
/// </summary>
[Collection(Alone.Name)]
public sealed class FloodTests(FloodHost host) : IClassFixture<FloodHost>
{
    const int PerSecond = 100;
    static readonly TimeSpan Promised = TimeSpan.FromMilliseconds(200);

    static TimeSpan Length => RaceHost.Full ? TimeSpan.FromSeconds(60) : TimeSpan.FromSeconds(4);

    [Fact]
    [Case(203)]
    public async Task WrongPasswords_DoNotHoldUpRefreshAndKeys()
    {
        var (username, _) = await host.Client.RegisterAsync();
        using var other = new HttpClient(new Balancer(host.Nodes)) { BaseAddress = new Uri(HostFixture.Issuer) };
        var refresh = await RefreshTokenAsync(other, username);
        using var flooding = new CancellationTokenSource(Length);
        var logins = new ConcurrentQueue<(HttpStatusCode Status, TimeSpan Took)>();
        var flood = FloodAsync(logins, flooding.Token);

        List<TimeSpan> refreshes = [], keys = [];
        while (!flooding.IsCancellationRequested)
        {
            var started = Stopwatch.GetTimestamp();
            var answer = await other.TokenAsync(("grant_type", "refresh_token"), ("client_id", "demo"), ("refresh_token", refresh)).GrantedAsync();
            refreshes.Add(Stopwatch.GetElapsedTime(started));
            refresh = answer["refresh_token"]!.GetValue<string>();
            started = Stopwatch.GetTimestamp();
            using var jwks = await other.GetAsync("/.well-known/jwks");
            keys.Add(Stopwatch.GetElapsedTime(started));
            Assert.Equal(HttpStatusCode.OK, jwks.StatusCode);
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
        var sent = await flood;

        Tell("refresh", refreshes);
        Tell("jwks", keys);
        Tell("logins", [.. logins.Select(l => l.Took)]);
        var checkedOnes = logins.Count(l => l.Status == HttpStatusCode.BadRequest);
        var busy = logins.Count(l => l.Status == HttpStatusCode.ServiceUnavailable);
        TestContext.Current.TestOutputHelper?.WriteLine($"{sent} logins sent: {checkedOnes} checked, {busy} told to come back");
        // Each is answered, by a verdict or by 503; nothing breaks.
        Assert.Equal(sent, checkedOnes + busy);
        Assert.True(checkedOnes > 0);
        // What carries a token does not stand in the queue.
        var verdicts = logins.Where(l => l.Status == HttpStatusCode.BadRequest).Select(l => l.Took);
        Assert.True(At(refreshes, 0.5) < At(verdicts, 0.5));
        Assert.True(At(keys, 0.5) < At(verdicts, 0.5));
        if (!RaceHost.Full)
            return;
        Assert.True(busy > 0, "100 a second are more than two cores hash.");
        Assert.True(At(refreshes, 0.99) < Promised, $"{At(refreshes, 0.99)}");
        Assert.True(At(keys, 0.99) < Promised, $"{At(keys, 0.99)}");
    }

    /// <summary>Sends at the given rate whatever the answers are, each on a name of its own; returns how many.</summary>
    async Task<int> FloodAsync(ConcurrentQueue<(HttpStatusCode Status, TimeSpan Took)> answers, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        var sent = new List<Task>();
        while (!cancellationToken.IsCancellationRequested)
        {
            var due = (int)(Stopwatch.GetElapsedTime(started).TotalSeconds * PerSecond);
            while (sent.Count < due)
                sent.Add(OneAsync());
            await Task.Delay(10, CancellationToken.None);
        }
        await Task.WhenAll(sent);
        return sent.Count;

        async Task OneAsync()
        {
            var begun = Stopwatch.GetTimestamp();
            using var response = await host.Client.PasswordGrantAsync(BackChannel.NewName(), "wrong password");
            answers.Enqueue((response.StatusCode, Stopwatch.GetElapsedTime(begun)));
        }
    }

    static async Task<string> RefreshTokenAsync(HttpClient client, string username) =>
        (await client.PasswordGrantAsync(username, BackChannel.Password).GrantedAsync())["refresh_token"]!.GetValue<string>();

    static TimeSpan At(IEnumerable<TimeSpan> times, double share)
    {
        var sorted = times.Order().ToList();
        return sorted[Math.Min(sorted.Count - 1, (int)(sorted.Count * share))];
    }

    static void Tell(string what, List<TimeSpan> times) => TestContext.Current.TestOutputHelper?.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{what}: {times.Count}, p50 {At(times, 0.5).TotalMilliseconds:0} ms, p99 {At(times, 0.99).TotalMilliseconds:0} ms, max {At(times, 1).TotalMilliseconds:0} ms"));
}
