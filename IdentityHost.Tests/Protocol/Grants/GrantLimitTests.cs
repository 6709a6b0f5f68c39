using System.Net;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol.Grants;

/// <summary>Sign-ins that come through a proxy, so that they may come from many addresses.</summary>
public sealed class GrantLimitHost(TestPostgres postgres) : HostFixture(postgres)
{
    protected override IEnumerable<KeyValuePair<string, string?>> Settings =>
        [new("Proxy:KnownNetworks", "127.0.0.1/32"), new("Logging:LogLevel:Default", "Warning")];
}

/// <summary>A person has at most a hundred live grants with an application: the oldest end, with their tokens.</summary>
public sealed class GrantLimitTests(GrantLimitHost host) : IClassFixture<GrantLimitHost>
{
    const int Limit = 100;
    const string Live = "SELECT count(*) FROM grants WHERE user_id = $1 AND ended_at IS NULL";

    [Fact]
    public async Task The_oldest_ends_with_its_tokens_on_both_nodes_and_nobody_elses()
    {
        var (username, id) = await host.Client.RegisterAsync();
        var (other, _) = await host.Client.RegisterAsync();
        var neighbour = await SignInAsync(other);
        var oldest = await SignInAsync(username);
        var builtIn = await host.Client.CallAsync(HttpMethod.Post, "/users/login", null, new { username, password = BackChannel.Password });
        await FillAsync(id, Limit - 1);
        var newest = await SignInAsync(username);

        await host.FeedReadAsync();
        foreach (var node in host.Nodes)
        {
            await AssertAccessAsync(node, oldest.AccessToken, HttpStatusCode.Unauthorized);
            await AssertAccessAsync(node, newest.AccessToken, HttpStatusCode.OK);
            await AssertAccessAsync(node, neighbour.AccessToken, HttpStatusCode.OK);
            // Another application's grants are counted apart.
            await AssertAccessAsync(node, (await builtIn.JsonAsync())["token"]!.GetValue<string>(), HttpStatusCode.OK);
            await RefreshAsync(node, oldest.RefreshToken).RefusedAsync("invalid_grant");
        }
        await RefreshAsync(host.Nodes[0], newest.RefreshToken).GrantedAsync();
        Assert.Equal(Limit + 1, await host.ScalarAsync<long>(Live, id));
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE kind = 'grant_crowded_out' AND subject_id = $1", id));
    }

    /// <summary>Fifty more, under two names and from fifty addresses, so that no count of attempts puts them in a row.</summary>
    [Fact]
    public async Task Fifty_at_once_over_two_nodes_never_leave_more()
    {
        for (var round = 0; round < 4; round++)
        {
            var (username, id) = await host.Client.RegisterAsync();
            await FillAsync(id, Limit - 1);
            var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => SignInAsync(
                i % 4 < 2 ? username : $"{username}@example.com", host.Nodes[i % 2], $"203.0.113.{i}")));

            Assert.Equal(Limit, await host.ScalarAsync<long>(Live, id));
            // The new ones stay, the old ones made room; what ended is told, once each.
            Assert.Equal(50, await host.ScalarAsync<long>("SELECT count(*) FROM grants WHERE user_id = $1 AND ended_at IS NULL AND length(salt) = 16 AND scope <> 'filled'", id));
            Assert.Equal(49, await host.ScalarAsync<long>(
                "SELECT count(DISTINCT r.key) FROM revocations r JOIN grants g ON r.key = replace(g.id::text, '-', '') WHERE r.kind = 1 AND g.user_id = $1 AND g.ended_at IS NOT NULL", id));
            Assert.Equal(49, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE kind = 'grant_crowded_out' AND subject_id = $1", id));
            foreach (var answer in answers)
                await AssertAccessAsync(host.Nodes[round % 2], answer.AccessToken, HttpStatusCode.OK);
        }
    }

    /// <summary>What is dead in another way takes nobody's place.</summary>
    [Fact]
    public async Task Ended_and_expired_grants_do_not_count()
    {
        var (username, id) = await host.Client.RegisterAsync();
        var first = await SignInAsync(username);
        await FillAsync(id, Limit);
        await host.ExecuteAsync("UPDATE grants SET ended_at = identity_now() WHERE user_id = $1 AND scope = 'filled'", id);
        await FillAsync(id, Limit);
        await host.ExecuteAsync("UPDATE grants SET expires_at = identity_now() WHERE user_id = $1 AND scope = 'filled'", id);
        await FillAsync(id, Limit);
        await host.ExecuteAsync("UPDATE grants SET rotated_at = identity_now() - interval '15 days' WHERE user_id = $1 AND scope = 'filled'", id);
        await SignInAsync(username);
        await RefreshAsync(host.Nodes[1], first.RefreshToken).GrantedAsync();
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE kind = 'grant_crowded_out' AND subject_id = $1", id));
    }

    /// <summary>Grants of the application demo that are newer than what is there and older than what comes.</summary>
    Task<int> FillAsync(long user, int count) => host.ExecuteAsync(
        $"""
        WITH session AS (
            INSERT INTO sessions (id, user_id, amr, auth_time, expires_at)
            VALUES (gen_random_uuid(), {user}, 'pwd', identity_now(), identity_now() + interval '90 days') RETURNING id)
        INSERT INTO grants (id, session_id, user_id, application_id, scope, created_at, expires_at)
        SELECT gen_random_uuid(), session.id, {user}, (SELECT id FROM applications WHERE client_id = 'demo'), 'filled', identity_now(),
               identity_now() + interval '90 days'
        FROM session, generate_series(1, {count})
        """);

    Task<(string AccessToken, string RefreshToken)> SignInAsync(string username) => SignInAsync(username, host.Nodes[0], "198.51.100.1");

    static async Task<(string AccessToken, string RefreshToken)> SignInAsync(string identifier, HostNode node, string address)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/connect/token")
        {
            Content = new FormUrlEncodedContent(
                [new("grant_type", "password"), new("client_id", "demo"), new("username", identifier), new("password", BackChannel.Password)]),
        };
        request.Headers.TryAddWithoutValidation("X-Forwarded-For", address);
        var body = await node.Client.SendAsync(request).GrantedAsync();
        return (body["access_token"]!.GetValue<string>(), body["refresh_token"]!.GetValue<string>());
    }

    static Task<HttpResponseMessage> RefreshAsync(HostNode node, string token) =>
        node.Client.TokenAsync(("grant_type", "refresh_token"), ("client_id", "demo"), ("refresh_token", token));

    static async Task AssertAccessAsync(HostNode node, string token, HttpStatusCode expected)
    {
        using var response = await node.Client.GetAsync("/users/current", token);
        Assert.Equal(expected, response.StatusCode);
    }
}
