using System.Diagnostics;
using IdentityHost.Tests.Races;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Faults;

/// <summary>
/// A node is killed (SIGKILL) while several clients refresh at it. Each takes the token whose answer it never got to the other node, and goes on:
/// whether the dead node had not yet read the request, was about to commit, or had committed and not answered. 3 kills; the promised 200
/// with <c>IDENTITYHOST_FULL=true</c>.
/// </summary>
[Collection(FaultsAlone.Name)]
public sealed class KilledNodeTests(FaultHost host) : IClassFixture<FaultHost>
{
    const int Clients = 8;

    /// <summary>Milliseconds after a refresh was sent in which the node dies.</summary>
    const int LatestKill = 30;

    /// <summary>How many refreshes are sent before that one, at most: by then the clients are out of step.</summary>
    const int LatestStep = 100;

    static int Kills => RaceHost.Full ? 200 : 3;

    [Fact]
    [Case("R7")]
    [Case(72)]
    public async Task Killing_a_node_in_the_middle_of_refreshing_never_costs_a_client_its_session()
    {
        var watch = Stopwatch.StartNew();
        await using var survivor = await host.StartNodeAsync();
        var clients = await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => RefreshingClient.NewAsync(host, survivor)));
        var (rotated, answered) = (0, 0);
        var next = host.StartNodeAsync();
        for (var kill = 1; kill <= Kills; kill++)
        {
            await using var victim = await next;
            // The first answers of a process take far longer than the kill may wait.
            foreach (var client in clients)
                await client.RefreshAsync(victim);

            var sends = new Countdown(Random.Shared.Next(1, LatestStep));
            var refreshing = clients.Select(c => c.RefreshUntilItIsGoneAsync(victim, sends)).ToList();
            await sends.Reached;
            await Task.Delay(Random.Shared.Next(LatestKill + 1));
            await victim.KillAsync();
            answered += (await Task.WhenAll(refreshing)).Sum();

            // While the survivor is asked, the next one starts.
            next = kill < Kills ? host.StartNodeAsync() : next;
            rotated += (await Task.WhenAll(clients.Select(c => c.GoOnAsync(survivor)))).Count(c => c);
            if (kill % 20 == 0)
                Tell(kill);
        }

        foreach (var client in clients)
            await client.MustHaveOneLiveGenerationAsync();
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE kind = 'refresh_replayed'"));
        await Invariants.HoldAsync(host);
        Tell(Kills);

        void Tell(int kills) => TestContext.Current.TestOutputHelper?.WriteLine(
            $"{kills} kills in {watch.Elapsed.TotalSeconds:0} s: {answered} refreshes answered before, {kills * Clients} answers lost, in {rotated} of them the token had been "
            + "rotated; every client got on, with one successor");
    }
}
