using System.Diagnostics;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Races;

/// <summary>What ending grants costs the database: a few statements however many there are.</summary>
[Collection(RacesAlone.Name)]
public sealed class GrantRowTests(RaceHost host)
{
    /// <summary>R29: ending many is as few statements as ending one.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Case("R29")]
    public async Task Person_with_twenty_thousand_grants_is_ended_at_once(bool delete)
    {
        const int Many = 20_000;
        var admin = await host.Client.AdminTokenAsync();
        var (username, id) = await host.Client.RegisterAsync();
        var token = (await RaceAnswer.SignInAsync(host, username)).AccessToken!;
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
        Assert.Equal(Many + 1, await host.ScalarAsync<long>("SELECT count(*) FROM grants WHERE user_id = $1 AND ended_at IS NULL", id));

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

        Assert.Equal(200, answer.Status);
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{watch.ElapsedMilliseconds} ms, {counter.Count} statements: {string.Join(", ", counter.Statements.Select(s => s.Kind))}");
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM grants WHERE user_id = $1 AND ended_at IS NULL", id));
        foreach (var node in host.Nodes)
            Assert.Equal(401, (await RaceAnswer.OfAsync(0, node.Client.GetAsync("/users/current", token))).Status);
        // The same dozen as for a person with one grant.
        Assert.InRange(counter.Count, 1, 12);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(3), $"It took {watch.Elapsed}.");
    }
}
