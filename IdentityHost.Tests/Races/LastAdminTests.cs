using IdentityHost.Tests.Support;
using IdentityHost.Tests.Users;

namespace IdentityHost.Tests.Races;

/// <summary>
/// Two nodes delete, disable or demote the last two admins at once: one stays, every time. 20 rounds; the promised 1,000 with
/// <c>IDENTITYHOST_FULL=true</c>.
/// </summary>
[Collection(RacesAlone.Name)]
public sealed class LastAdminTests(RaceHost host)
{
    static int Rounds => RaceHost.Full ? 1000 : 20;

    [Fact, Case("R11"), Case(172)]
    public async Task One_admin_is_always_left()
    {
        var service = await host.Client.ServiceTokenAsync();
        // Each round gives them the role again; every fourth takes two who are deleted.
        var people = new[] { await NewAsync(), await NewAsync() };
        try
        {
            for (var round = 0; round < Rounds; round++)
            {
                var victims = round % 4 == 3 ? new[] { await NewAsync(), await NewAsync() } : people;
                await host.ExecuteAsync("UPDATE users SET role = CASE WHEN id = ANY ($1) THEN 1 ELSE 0 END, status = true", victims);
                // By a client, so that no check of the actor comes before the one this is about.
                var answers = await Task.WhenAll(host.Nodes.Select((node, i) => ActAsync(node.Client, (round + i * (round % 2)) % 3, victims[i], service, round % 4 == 3)));
                Assert.True(answers.Count(a => a.Status == 200) == 1, $"round {round}: {string.Join(" / ", answers.Select(a => a.Text))}");
                answers.Single(a => a.Status != 200).MustBe(409, "last_admin");
                Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM users WHERE role = 1 AND status"));
            }
        }
        finally
        {
            await host.ExecuteAsync("UPDATE users SET role = CASE WHEN user_name = $1 THEN 1 ELSE 0 END, status = true", HostFixture.AdminName);
        }
        Assert.Equal(0, await host.DeadlocksAsync());
    }

    static Task<Answer> ActAsync(HttpClient node, int act, long id, string token, bool delete) => (delete ? 0 : act) switch
    {
        0 when delete => node.AskAsync("DELETE", $"/users/{id}", token),
        1 => node.SetStatusAsync(id, false, token),
        _ => node.AskAsync("PATCH", $"/users/{id}", token, UsersApi.Json(new { role = "USER" })),
    };

    async Task<long> NewAsync() => (await host.Client.RegisterAsync()).Id;
}
