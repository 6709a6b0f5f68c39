using System.Diagnostics;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Races;

/// <summary>Everything that locks a person's rows, at once: whoever loses waits, or is repeated, and nobody is told of it.</summary>
[Collection(RacesAlone.Name)]
public sealed class DeadlockTests(RaceHost host)
{
    /// <summary>Sign-ins (sessions) of each person, each of which refreshes and signs out in the race.</summary>
    const int Sessions = 4;

    static int Rounds => RaceHost.Full ? 300 : 15;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Ends_and_refreshes_of_one_person_at_once_are_all_answered(bool delete)
    {
        var watch = Stopwatch.StartNew();
        var admin = await host.Client.AdminTokenAsync();
        var before = await host.DeadlocksAsync();
        Dictionary<string, int> answered = [];
        for (var round = 0; round < Rounds; round++)
        {
            var (username, id) = await host.Client.RegisterAsync();
            var signIns = await Task.WhenAll(Enumerable.Range(0, Sessions).Select(_ => RaceAnswer.SignInAsync(host, username)));
            var start = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            List<Task<(string What, RaceAnswer Answer)>> race = [];
            for (var i = 0; i < Sessions; i++)
            {
                var (signIn, node) = (signIns[i], i % 2);
                Race("refresh", node, () => Refresh(node, signIn.RefreshToken!));
                Race("refresh", 1 - node, () => Refresh(1 - node, signIn.RefreshToken!));
                if (delete)
                    Race("sign-in", node, () => host.Nodes[node].Client.PasswordGrantAsync(username, BackChannel.Password));
                else
                    Race("logout", node, () => host.Nodes[node].Client.CallAsync(HttpMethod.Delete, "/users/logout", signIn.AccessToken));
            }
            start.SetResult();
            // Before the first statement of the others, amid them, and while the passwords of the sign-ins are being checked.
            await Task.Delay(round % 15 * 2);
            Race("end", round % 2, () => delete
                ? host.Nodes[round % 2].Client.CallAsync(HttpMethod.Delete, $"/users/{id}", admin)
                : host.Nodes[round % 2].Client.CallAsync(HttpMethod.Patch, $"/users/{id}/status", admin, new { status = false }));

            foreach (var (what, answer) in await Task.WhenAll(race))
            {
                // 400: the person or the grant is gone. 401: the token that would sign out is dead already.
                Assert.Contains(answer.Status, what switch { "end" => (int[])[200], "logout" => [200, 401], _ => [200, 400] });
                var key = $"{what} {answer.Status}";
                answered[key] = answered.GetValueOrDefault(key) + 1;
            }
            Assert.Equal(0, await host.LiveGrantsAsync(id));
            Assert.Equal(0, await host.LiveSessionsAsync(id));

            void Race(string what, int node, Func<Task<HttpResponseMessage>> send) => race.Add(Task.Run(async () =>
            {
                await start.Task;
                return (what, await RaceAnswer.OfAsync(node, send()));
            }));
        }
        await Invariants.HoldAsync(host);
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{Rounds} rounds, {watch.Elapsed.TotalSeconds:0.0} s, deadlocks {await host.DeadlocksAsync() - before}; {string.Join(", ", answered.OrderBy(a => a.Key, StringComparer.Ordinal))}");
    }

    Task<HttpResponseMessage> Refresh(int node, string token) =>
        host.Nodes[node].Client.TokenAsync(("grant_type", "refresh_token"), ("client_id", "demo"), ("refresh_token", token));
}
