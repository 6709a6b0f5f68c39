using System.Net;
using System.Text;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol.Clients;

/// <summary>What configuration says of applications holds from the next start on, on every node. Each test starts nodes of its own settings.</summary>
public sealed class DeclaredApplicationsTests(TestPostgres postgres) : IAsyncLifetime
{
    const string Secret = "the-first-secret-of-this-service-0123456789";
    const string NextSecret = "the-second-secret-of-this-service-987654321";

    string _database = "";
    Npgsql.NpgsqlDataSource _rows = null!;

    public async ValueTask InitializeAsync()
    {
        _database = await postgres.CreateDatabaseAsync();
        _rows = Npgsql.NpgsqlDataSource.Create(_database);
    }

    public async ValueTask DisposeAsync()
    {
        await _rows.DisposeAsync();
        await postgres.DropDatabaseAsync(_database);
    }

    [Fact]
    public async Task A_second_start_with_the_same_settings_writes_nothing()
    {
        const string State = "SELECT string_agg(t, ' ') FROM ("
            + "SELECT 'a' || id || ':' || xmin t FROM applications UNION ALL SELECT 'u' || id || ':' || xmin FROM users UNION ALL SELECT 'k' || kid || ':' || xmin FROM signing_keys "
            + "UNION ALL SELECT 'd' || friendly_name || ':' || xmin FROM data_protection_keys UNION ALL SELECT 'e' || id || ':' || xmin FROM audit_events ORDER BY 1) s";
        string? first;
        await using (await StartAsync(Service(Secret)))
            first = await ScalarAsync<string>(State);
        Assert.Contains("a1:", first, StringComparison.Ordinal);
        await using (await StartAsync(Service(Secret)))
            Assert.Equal(first, await ScalarAsync<string>(State));
    }

    [Fact]
    public async Task A_changed_declaration_changes_the_row_and_is_told()
    {
        await using (await StartAsync(Service(Secret)))
        {
        }
        await using var node = await StartAsync([.. Service(Secret), new("Applications:12:DisplayName", "Renamed"), new("Applications:12:Scopes:0", "users:self")]);
        Assert.Equal("Renamed/{users:self}", await ScalarAsync<string>("SELECT display_name || '/' || scopes::text FROM applications WHERE client_id = 'svc'"));
        Assert.Equal(2, await ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE kind = 'application_declared' AND client_id = 'svc'"));
        Assert.Equal(1, await ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE kind = 'application_declared' AND client_id = 'demo'"));
    }

    [Fact]
    public async Task A_new_secret_puts_the_old_one_out_on_every_node()
    {
        await using var before = await StartAsync(Service(Secret));
        using (var works = await TokenAsync(before, Secret))
            Assert.Equal(HttpStatusCode.OK, works.StatusCode);

        await using var after = await StartAsync(Service(NextSecret));
        foreach (var node in (HostNode[])[before, after])
        {
            using var old = await TokenAsync(node, Secret);
            using var next = await TokenAsync(node, NextSecret);
            Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.OK), (old.StatusCode, next.StatusCode));
        }
    }

    [Fact]
    public async Task A_secret_that_has_expired_is_a_wrong_secret()
    {
        await using var node = await StartAsync([.. Service(Secret), new("Applications:12:ClientSecretExpiresAt", "2020-01-01T00:00:00Z")]);
        using var refused = await TokenAsync(node, Secret);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Equal("invalid_client", (await refused.JsonAsync())["error"]!.GetValue<string>());
    }

    [Fact]
    public async Task One_that_is_removed_is_disabled_its_tokens_die_on_every_node_and_stay_dead_when_it_returns()
    {
        await using var before = await StartAsync(Service(Secret));
        using var issued = await TokenAsync(before, Secret);
        var token = (await issued.JsonAsync())["access_token"]!.GetValue<string>();
        await AssertUsersAsync(token, HttpStatusCode.OK, before);
        var id = await ScalarAsync<long>("SELECT id FROM applications WHERE client_id = 'svc'");

        await using var after = await StartAsync([]);
        await AssertUsersAsync(token, HttpStatusCode.Unauthorized, before, after);
        foreach (var node in (HostNode[])[before, after])
        {
            using var refused = await TokenAsync(node, Secret);
            Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        }
        Assert.Equal(1, await ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE kind = 'application_disabled' AND client_id = 'svc'"));

        await using var back = await StartAsync(Service(Secret));
        await AssertUsersAsync(token, HttpStatusCode.Unauthorized, before, after, back);
        using var again = await TokenAsync(back, Secret);
        await AssertUsersAsync((await again.JsonAsync())["access_token"]!.GetValue<string>(), HttpStatusCode.OK, before, after, back);
        Assert.Equal(id, await ScalarAsync<long>("SELECT id FROM applications WHERE client_id = 'svc'"));
    }

    [Theory]
    [Case(86)]
    [InlineData("removed")]
    [InlineData("disabled")]
    public async Task Refresh_tokens_of_one_that_was_away_stay_dead_when_it_returns(string how)
    {
        KeyValuePair<string, string?>[] people =
        [
            .. Service(Secret), new("Applications:12:GrantTypes:0", "password"), new("Applications:12:GrantTypes:1", "refresh_token"),
            new("Applications:12:Scopes:0", "users:self"),
        ];
        await using var before = await StartAsync(people);
        var (username, _) = await before.Client.RegisterAsync();
        var tokens = await before.Client.BasicAsync(
            $"svc:{Secret}", ("grant_type", "password"), ("username", username), ("password", BackChannel.Password)).GrantedAsync();
        var demo = await before.Client.PasswordGrantAsync(username, BackChannel.Password).GrantedAsync();

        await using (await StartAsync(how == "removed" ? [] : [.. people, new("Applications:12:Enabled", "false")]))
        {
        }
        await using var back = await StartAsync(people);
        foreach (var node in (HostNode[])[before, back])
        {
            await node.Client.BasicAsync($"svc:{Secret}", ("grant_type", "refresh_token"), ("refresh_token", tokens["refresh_token"]!.GetValue<string>()))
                .RefusedAsync("invalid_grant");
            using var old = await node.Client.GetAsync("/users/current", tokens["access_token"]!.GetValue<string>());
            Assert.Equal(HttpStatusCode.Unauthorized, old.StatusCode);
            // Nobody else's.
            using var other = await node.Client.GetAsync("/users/current", demo["access_token"]!.GetValue<string>());
            Assert.Equal(HttpStatusCode.OK, other.StatusCode);
        }
        await back.Client.TokenAsync(("grant_type", "refresh_token"), ("client_id", "demo"), ("refresh_token", demo["refresh_token"]!.GetValue<string>())).GrantedAsync();
        await back.Client.BasicAsync($"svc:{Secret}", ("grant_type", "password"), ("username", username), ("password", BackChannel.Password)).GrantedAsync();
    }

    [Fact]
    public async Task Refresh_rotation_follows_the_declaration()
    {
        const string Rotation = "SELECT refresh_rotation FROM applications WHERE client_id = 'svc'";
        await using (await StartAsync([.. Service(Secret), new("Applications:12:RefreshRotation", "none")]))
            Assert.Equal("none", await ScalarAsync<string>(Rotation));
        await using (await StartAsync(Service(Secret)))
            Assert.Equal("rolling", await ScalarAsync<string>(Rotation));
        // A public client's must roll.
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => StartAsync(
            [new("Applications:12:ClientId", "spa"), new("Applications:12:GrantTypes:0", "refresh_token"), new("Applications:12:RefreshRotation", "none")]));
        Assert.Contains("RefreshRotation none needs a ClientSecret", refused.Message, StringComparison.Ordinal);
    }

    /// <summary>Nodes keep nothing that a replay is known by: the row does.</summary>
    [Fact]
    [Case(73)]
    public async Task A_replay_after_all_nodes_were_started_again_is_one()
    {
        string first, second, third;
        await using (var before = await StartAsync([]))
        {
            var (username, _) = await before.Client.RegisterAsync();
            first = (await before.Client.PasswordGrantAsync(username, BackChannel.Password).GrantedAsync())["refresh_token"]!.GetValue<string>();
            second = await RefreshedAsync(before, first);
            third = await RefreshedAsync(before, second);
        }
        await using var one = await StartAsync([]);
        await using var two = await StartAsync([]);
        await RefreshAsync(two, first).RefusedAsync("invalid_grant");
        foreach (var node in (HostNode[])[one, two])
            await RefreshAsync(node, third).RefusedAsync("invalid_grant");
        Assert.Equal(1, await ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE kind = 'refresh_replayed'"));
    }

    static Task<HttpResponseMessage> RefreshAsync(HostNode node, string token) =>
        node.Client.TokenAsync(("grant_type", "refresh_token"), ("client_id", "demo"), ("refresh_token", token));

    static async Task<string> RefreshedAsync(HostNode node, string token) =>
        (await RefreshAsync(node, token).GrantedAsync())["refresh_token"]!.GetValue<string>();

    static async Task AssertUsersAsync(string token, HttpStatusCode expected, params HostNode[] nodes)
    {
        foreach (var node in nodes)
        {
            using var answer = await node.Client.GetAsync("/users", token);
            Assert.Equal(expected, answer.StatusCode);
        }
    }

    static Task<HttpResponseMessage> TokenAsync(HostNode node, string secret) => node.Client.SendAsync(new HttpRequestMessage(HttpMethod.Post, "/connect/token")
    {
        Headers = { { "Authorization", "Basic " + Convert.ToBase64String(Encoding.ASCII.GetBytes($"svc:{secret}")) } },
        Content = new FormUrlEncodedContent([new("grant_type", "client_credentials"), new("scope", "users:manage")]),
    });

    /// <summary>After the two applications that Development declares.</summary>
    static KeyValuePair<string, string?>[] Service(string secret) =>
    [
        new("Applications:12:ClientId", "svc"),
        new("Applications:12:ClientSecret", secret),
        new("Applications:12:GrantTypes:0", "client_credentials"),
        new("Applications:12:Scopes:0", "users:manage"),
    ];

    Task<HostNode> StartAsync(KeyValuePair<string, string?>[] settings) => HostNode.StartAsync(
        _database, settings.GroupBy(s => s.Key, StringComparer.Ordinal).Select(g => g.Last()));

    async Task<T?> ScalarAsync<T>(string sql)
    {
        await using var command = _rows.CreateCommand(sql);
        return await command.ExecuteScalarAsync() is T value ? value : default;
    }
}
