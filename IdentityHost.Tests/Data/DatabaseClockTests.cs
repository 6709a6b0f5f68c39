using System.Buffers.Text;
using System.Net;
using System.Text.Json.Nodes;
using IdentityHost.Data;
using IdentityHost.Data.Entities;
using IdentityHost.Protocol;
using IdentityHost.Protocol.Clients;
using IdentityHost.Protocol.Tokens;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Data;

/// <summary>All nodes live by the database's clock, whatever their own says. A host of its own: it moves time for everybody.</summary>
public sealed class DatabaseClockTests(HostFixture host) : IClassFixture<HostFixture>
{
    [Fact]
    public async Task A_jump_of_the_clock_is_followed_by_every_node_within_seconds()
    {
        await host.ExecuteAsync(
            "CREATE OR REPLACE FUNCTION identity_now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT statement_timestamp() - interval ''2 hours'''");
        foreach (var node in host.Nodes)
            await Eventually.TrueAsync(() => Task.FromResult(Near(node, TimeSpan.FromHours(-2))), TimeSpan.FromSeconds(10));
        await host.Clock.SetAsync(TimeSpan.Zero);
        Assert.All(host.Nodes, node => Assert.True(Near(node, TimeSpan.Zero)));
    }

    [Fact]
    public async Task An_access_token_ends_when_the_database_says_so_on_both_nodes()
    {
        var (username, _) = await host.Client.RegisterAsync();
        var token = await host.Client.AccessTokenAsync(username);
        try
        {
            await host.Clock.SetAsync(TimeSpan.FromMinutes(9));
            await AllAnswerAsync(token, HttpStatusCode.OK);
            await host.Clock.SetAsync(TimeSpan.FromMinutes(10) + TimeSpan.FromSeconds(1));
            await AllAnswerAsync(token, HttpStatusCode.Unauthorized);
        }
        finally
        {
            await host.Clock.SetAsync(TimeSpan.Zero);
        }
    }

    [Fact]
    public async Task A_node_that_starts_lives_by_the_databases_clock_before_it_writes_anything()
    {
        await host.Clock.SetAsync(TimeSpan.FromHours(3));
        try
        {
            // Removing the demo applications writes revocations and an audit event in the start-up steps.
            await using var node = await HostNode.StartAsync(host.ConnectionString, [new("Applications:0:Enabled", "false")]);
            Assert.True(Near(node, TimeSpan.FromHours(3)));
            Assert.True(await host.ScalarAsync<bool>(
                "SELECT expires_at BETWEEN identity_now() + interval '60 minutes' AND identity_now() + interval '62 minutes' FROM revocations WHERE key = 'demo' AND kind = 4"));
            Assert.True(await host.ScalarAsync<bool>("SELECT identity_now() - updated_at < interval '1 minute' FROM applications WHERE client_id = 'demo'"));
        }
        finally
        {
            await host.Clock.SetAsync(TimeSpan.Zero);
            await using var restored = await HostNode.StartAsync(host.ConnectionString, []);
        }
    }

    /// <summary>Asked of the issuer: until there are refresh tokens, every session that HTTP can reach is younger than a token's life.</summary>
    [Fact]
    public async Task A_token_ends_with_its_session_at_the_latest()
    {
        var (username, _) = await host.Client.RegisterAsync();
        var parts = (await host.Client.AccessTokenAsync(username)).Split('.');
        var claims = JsonNode.Parse(Base64Url.DecodeFromChars(parts[1]))!;
        Assert.Equal(600, claims["exp"]!.GetValue<long>() - claims["iat"]!.GetValue<long>());

        var ends = host.Nodes[0].Service<TimeProvider>().GetUtcNow().AddMinutes(1);
        var issued = await host.Nodes[0].Service<TokenIssuer>().IssueAsync(new AccessTokenContent(
            new Client(1, "demo", 0, IsPublic: true, ["password"], ["users:self"], []),
            ["users:self"],
            new Subject(1, 0, UserRole.User, Guid.NewGuid(), ends, AuthTime: ends, Amr: "pwd"),
            Guid.NewGuid(),
            ["https://api.example.com"]), default);
        Assert.Equal(ends.ToUnixTimeSeconds(), JsonNode.Parse(Base64Url.DecodeFromChars(issued.Token.Split('.')[1]))!["exp"]!.GetValue<long>());
        Assert.InRange(issued.ExpiresIn.TotalSeconds, 58, 60);
    }

    async Task AllAnswerAsync(string token, HttpStatusCode expected)
    {
        foreach (var node in host.Nodes)
        {
            using var answer = await node.Client.GetAsync("/users/current", token);
            Assert.Equal(expected, answer.StatusCode);
        }
    }

    static bool Near(HostNode node, TimeSpan offset) => (node.Service<DatabaseClock>().Offset - offset).Duration() < TimeSpan.FromSeconds(5);
}
