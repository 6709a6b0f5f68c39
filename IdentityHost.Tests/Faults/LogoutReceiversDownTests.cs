using System.Diagnostics;
using IdentityHost.Tests.Protocol.Logout;
using IdentityHost.Tests.Races;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Faults;

/// <summary>
/// The receivers of logout tokens are down for an hour, and the node that people signed out at is killed. Another node tells every one of them, with the
/// <c>jti</c> of the tries before. 12 people; 300 with <c>IDENTITYHOST_FULL=true</c>.
/// </summary>
[Collection(FaultsAlone.Name)]
public sealed class LogoutReceiversDownTests(FaultHost host) : IClassFixture<FaultHost>
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    static int People => RaceHost.Full ? 300 : 12;

    [Fact]
    [Case("R33")]
    public async Task Nothing_is_lost_when_receivers_are_down_for_an_hour_and_the_node_is_killed()
    {
        await using var receiver = new LogoutReceiver();
        await receiver.StartAsync();
        (string, string)[] settings = [.. new[] { "down", "other" }
            .SelectMany((name, i) => LogoutHost.Declare(name, i + 2, receiver.AddressOf(name))).Select(s => (s.Key, s.Value!))];
        receiver.Answer["down"] = receiver.Answer["other"] = 503;

        await using var victim = await host.StartNodeAsync(settings);
        List<string> sessions = [];
        for (var i = 0; i < People; i++)
        {
            var (username, _) = await victim.Client.RegisterAsync();
            using var granted = await victim.Client.TokenAsync(
                ("grant_type", "password"), ("client_id", i % 2 == 0 ? "down" : "other"), ("username", username), ("password", BackChannel.Password), ("scope", "users:self"));
            var token = (await granted.JsonAsync())["access_token"]!.GetValue<string>();
            sessions.Add(Protocol.Answers.ClaimsOf(token)["sid"]!.GetValue<string>());
            using var ended = await victim.Client.CallAsync(HttpMethod.Delete, "/users/logout", token);
            Assert.True(ended.IsSuccessStatusCode);
        }
        // Some have been tried, some have not, and something may be in its hands.
        await Eventually.TrueAsync(() => Task.FromResult(receiver.Received.Select(r => r.Application).Distinct().Count() == 2), Patience);
        await victim.KillAsync();
        var before = receiver.Received.Count;

        await host.Clock.SetAsync(TimeSpan.FromHours(1));
        receiver.Answer["down"] = receiver.Answer["other"] = 200;
        var watch = Stopwatch.StartNew();
        await using var survivor = await host.StartNodeAsync(settings);
        await Eventually.TrueAsync(async () => await host.ScalarAsync<long>("SELECT count(*) FROM logout_messages WHERE delivered_at IS NOT NULL") == People, Patience);

        foreach (var session in sessions)
        {
            var tries = receiver.Received.Where(r => r.Session == session).ToList();
            Assert.NotEmpty(tries);
            Assert.Single(tries.Select(t => t.TokenId).Distinct());
            Assert.Single(tries.Select(t => t.Application).Distinct());
        }
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM logout_messages WHERE given_up_at IS NOT NULL"));
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{People} sign-outs, {before} tries before the kill; all told {watch.Elapsed.TotalSeconds:0.0} s after the survivor was started, {receiver.Received.Count - before} posts");
    }
}
