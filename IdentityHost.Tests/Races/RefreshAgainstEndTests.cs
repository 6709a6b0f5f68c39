using System.Diagnostics;
using IdentityHost.Tests.Support;
using IdentityHost.Tests.Users;

namespace IdentityHost.Tests.Races;

/// <summary>What ends a person's sign-in while their client refreshes at the other node.</summary>
public enum Ending
{
    Logout,

    /// <summary><c>/connect/revoke</c> of the first refresh token, which by then is an old one.</summary>
    Revoke,
    Disable,
    Delete,
    ForcedPasswordChange,
}

/// <summary>
/// A client refreshes at one node without pause while the other node signs out, revokes, disables, deletes or changes the password: whatever the
/// order, nothing that was handed out is alive afterwards. 20 rounds of each; the promised 1,000 with <c>IDENTITYHOST_FULL=true</c>.
/// </summary>
[Collection(RacesAlone.Name)]
public sealed class RefreshAgainstEndTests(RaceHost host)
{
    /// <summary>How many present each token of the chain at once.</summary>
    const int Presenters = 3;

    /// <summary>A chain that gets this long was never ended.</summary>
    const int Endless = 500;

    const string NewPassword = "another quiet place";

    static int Rounds => RaceHost.Full ? 1000 : 20;

    [Theory]
    [InlineData(Ending.Logout)]
    [InlineData(Ending.Revoke)]
    [InlineData(Ending.Disable)]
    [InlineData(Ending.Delete)]
    [InlineData(Ending.ForcedPasswordChange)]
    [Case(79)]
    [Case(123)]
    public async Task Nothing_is_alive_at_the_end(Ending end)
    {
        var watch = Stopwatch.StartNew();
        var admin = await host.Client.AdminTokenAsync();
        var steps = 0;
        for (var round = 0; round < Rounds; round++)
        {
            var (username, id) = await host.Client.RegisterAsync();
            var first = await RaceAnswer.SignInAsync(host, username);
            if (end == Ending.ForcedPasswordChange)
                await host.ExecuteAsync("UPDATE users SET must_change_password = true WHERE id = $1", id);

            var (refreshes, acts) = (round % 2, 1 - (round % 2));
            var chain = Task.Run(() => RefreshOnAsync(refreshes, first));
            // From before the first refresh's statement to some refreshes later.
            await Task.Delay(round % 12);
            await EndAsync(end, host.Nodes[acts].Client, username, id, first, admin);
            var answers = await chain;

            steps += answers.Count;
            await NothingLivesAsync(answers);
            if (end == Ending.Disable)
            {
                // Who may sign in again does so anew: what was alive before stays dead.
                using var enabled = await host.Nodes[refreshes].Client.CallAsync(HttpMethod.Patch, $"/users/{id}/status", admin, new { status = true });
                Assert.True(enabled.IsSuccessStatusCode);
                await NothingLivesAsync(answers);
            }
        }
        await Invariants.HoldAsync(host);
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{end}: {Rounds} rounds, {steps} answers with tokens, {watch.Elapsed.TotalSeconds:0.0} s, deadlocks {await host.DeadlocksAsync()}");
    }

    /// <summary>Refreshes until it is refused. Returns every answer that had tokens, the first sign-in's too.</summary>
    async Task<List<RaceAnswer>> RefreshOnAsync(int node, RaceAnswer newest)
    {
        List<RaceAnswer> granted = [newest];
        for (var step = 0; step < Endless; step++)
        {
            var token = newest.RefreshToken!;
            var answers = await Task.WhenAll(Enumerable.Range(0, Presenters).Select(_ => RaceAnswer.RefreshAsync(host, node, token)));
            Assert.All(answers.Where(a => !a.Granted), a => Assert.Equal("invalid_grant", a.Body["error"]?.GetValue<string>()));
            granted.AddRange(answers.Where(a => a.Granted));
            if (answers.Any(a => !a.Granted))
                return granted;
            newest = answers[0];
        }
        Assert.Fail($"Still refreshed after {Endless} steps.");
        return granted;
    }

    static async Task EndAsync(Ending end, HttpClient node, string username, long id, RaceAnswer first, string admin)
    {
        using var response = await (end switch
        {
            Ending.Logout => node.CallAsync(HttpMethod.Delete, "/users/logout", first.AccessToken),
            Ending.Revoke => node.PostAsync("/connect/revoke", UsersApi.Form(("client_id", "demo"), ("token", first.RefreshToken!))),
            Ending.Disable => node.CallAsync(HttpMethod.Patch, $"/users/{id}/status", admin, new { status = false }),
            Ending.Delete => node.CallAsync(HttpMethod.Delete, $"/users/{id}", admin),
            _ => node.PasswordGrantAsync(username, BackChannel.Password, ("new_password", NewPassword)),
        });
        Assert.True(response.IsSuccessStatusCode, $"{end}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");
    }

    /// <summary>Each refresh token that was handed out is refused, and each access token, by both nodes; the row is ended or gone.</summary>
    async Task NothingLivesAsync(List<RaceAnswer> answers)
    {
        foreach (var token in answers.Select(a => a.AccessToken!))
            await host.EventuallyRefusedAsync(token);
        for (var node = 0; node < host.Nodes.Count; node++)
        {
            // The newest first: it is the one that could still work, and an old one would be a replay that ends what the act should have.
            foreach (var token in answers.Select(a => a.RefreshToken!).Distinct(StringComparer.Ordinal).Reverse())
                Assert.Equal((400, "invalid_grant"), await RefusalAsync(node, token));
            foreach (var token in answers.Select(a => a.AccessToken!))
                (await host.Nodes[node].Client.AskAsync("GET", "/users/current", token)).MustBe(401, "token_revoked");
        }
        var grant = Assert.Single(answers.Select(a => a.Grant).Distinct());
        Assert.Equal(0, await host.ScalarAsync<long>($"SELECT count(*) FROM {LiveRows.Grants} AND g.id = $1", grant));
        // It was the act that ended it, not a replay of the test's own making.
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE kind = 'refresh_replayed' AND detail = $1", grant.ToString("N")));
    }

    async Task<(int Status, string? Error)> RefusalAsync(int node, string token)
    {
        var answer = await RaceAnswer.RefreshAsync(host, node, token);
        return (answer.Status, answer.Body["error"]?.GetValue<string>());
    }
}
