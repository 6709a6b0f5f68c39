using System.Diagnostics;
using IdentityHost.Tests.Support;
using IdentityHost.Tests.Users;

namespace IdentityHost.Tests.Races;

/// <summary>What ending grants costs the database: a few statements however many there are.</summary>
[Collection(RacesAlone.Name)]
public sealed class GrantRowTests(RaceHost host)
{
    /// <summary>R29: ending many is the same statements as ending none, and one of them changes something.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Case("R29")]
    public async Task Person_with_twenty_thousand_grants_is_ended_at_once(bool delete)
    {
        const int Many = 20_000;
        var admin = await host.Client.AdminTokenAsync();
        var (username, id) = await host.Client.RegisterAsync();
        var signIn = await RaceAnswer.SignInAsync(host, username);
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
        Assert.Equal(Many + 1, await host.LiveGrantsAsync(id));

        // Once before, on somebody without grants: the same statements, and nothing is compiled while the clock runs.
        var usual = await EndAsync((await host.Client.RegisterAsync()).Id, admin, delete);
        var (answer, statements, elapsed) = await EndAsync(id, admin, delete);

        Assert.Equal(200, answer.Status);
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{elapsed.TotalMilliseconds:0} ms ({usual.Elapsed.TotalMilliseconds:0} ms for one without grants), {string.Join(", ", statements.Select(s => s.Kind))}");
        Assert.Equal(0, await host.LiveGrantsAsync(id));
        foreach (var node in host.Nodes)
            Assert.Equal(401, (await RaceAnswer.OfAsync(0, node.Client.GetAsync("/users/current", signIn.AccessToken!))).Status);
        Assert.Equal(usual.Statements.Select(s => s.Kind), statements.Select(s => s.Kind));
        Assert.Single(statements, s => s.Kind is "UPDATE" or "DELETE");
        Assert.True(elapsed < TimeSpan.FromSeconds(3), $"It took {elapsed}.");
        if (delete)
            return;

        // Disabling wrote no grant; enabling ends them, so that none comes back.
        (await host.Nodes[1].Client.SetStatusAsync(id, true, admin)).MustBe(200);
        Assert.Equal(0, await host.LiveGrantsAsync(id));
        for (var node = 0; node < 2; node++)
        {
            Assert.Equal(400, (await RaceAnswer.RefreshAsync(host, node, signIn.RefreshToken!)).Status);
            Assert.Equal(401, (await RaceAnswer.OfAsync(0, host.Nodes[node].Client.GetAsync("/users/current", signIn.AccessToken!))).Status);
        }
    }

    async Task<(RaceAnswer Answer, IReadOnlyList<SqlStatement> Statements, TimeSpan Elapsed)> EndAsync(long id, string admin, bool delete)
    {
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
        return (answer, counter.Statements, watch.Elapsed);
    }
}
