using System.Diagnostics;
using System.Net;
using IdentityHost.Protocol.Keys;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Revocation.Subscribers;

/// <summary><c>GET /connect/revocations</c> as a resource server meets it, on two nodes.</summary>
[Collection(SharedHost.Name)]
public sealed class RevocationStreamTests(HostFixture host)
{
    [Theory]
    [InlineData(null, HttpStatusCode.Unauthorized)]
    [InlineData("demo-service:wrong", HttpStatusCode.Unauthorized)]
    [InlineData("nobody:demo-service-secret-for-development-only", HttpStatusCode.Unauthorized)]
    [InlineData("demo:", HttpStatusCode.Unauthorized)]
    public async Task Only_who_has_a_secret_may_follow(string? credentials, HttpStatusCode status)
    {
        using var answer = await FeedReader.AskAsync(host.Client, credentials);
        Assert.Equal(status, answer.StatusCode);
        Assert.Equal("application/json", answer.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task Only_a_resource_server_may_follow()
    {
        await using var node = await HostNode.StartAsync(host.ConnectionString, [
            new("Applications:50:ClientId", "plain"), new("Applications:50:ClientSecret", "a-secret-of-a-client-that-is-no-api"),
            new("Applications:50:GrantTypes:0", "client_credentials"), new("Applications:50:Scopes:0", "users:manage")]);
        using var answer = await FeedReader.AskAsync(node.Client, "plain:a-secret-of-a-client-that-is-no-api");
        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
    }

    [Fact]
    public async Task What_is_alive_comes_first_and_every_change_after_it()
    {
        var key = await RevokeAsync(host);
        await host.FeedReadAsync();
        await using var reader = await FeedReader.OpenAsync(host.Nodes[1].Client);
        Assert.Equal("text/event-stream", reader.Response.Content.Headers.ContentType?.MediaType);
        Assert.True(reader.Response.Headers.CacheControl?.NoStore);
        var first = await reader.UntilAsync("time");
        Assert.Equal("reset", first[0].Type);
        Assert.Contains(first, e => e.Type == "keys");
        Assert.Contains(key, FeedReader.KeysOf(first));

        // By the front door of the other node.
        var person = await SignedIn.NewAsync(host.Client);
        await person.EndAsync(RevokingAct.Logout, host.Nodes[0].Client, "");
        var session = System.Text.Json.Nodes.JsonNode.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(person.AccessToken.Split('.')[1]))!["sid"]!.GetValue<string>();
        var row = await reader.UntilRowAsync("session", session);
        Assert.InRange(DateTimeOffset.FromUnixTimeMilliseconds(row["at"]!.GetValue<long>()), DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddMinutes(1));
    }

    [Fact]
    public async Task The_time_comes_by_itself_and_is_the_databases()
    {
        await using var reader = await FeedReader.OpenAsync(host.Nodes[0].Client);
        var asked = await host.ScalarAsync<DateTime>("SELECT identity_now()");
        await reader.UntilAsync("time");
        var last = 0L;
        for (var beat = 0; beat < 3; beat++)
        {
            var now = (await reader.UntilAsync("time"))[^1].Data["now"]!.GetValue<long>();
            Assert.True(now > last);
            last = now;
        }
        Assert.True(DateTimeOffset.FromUnixTimeMilliseconds(last) > new DateTimeOffset(asked));
        Assert.NotEmpty(reader.LastId);
    }

    /// <summary>The id is understood by a node that has never seen this reader, and nothing that was committed in between is missed or sent again.</summary>
    [Fact]
    public async Task Another_node_goes_on_where_this_one_was_left()
    {
        var before = await RevokeAsync(host);
        // Begins before the reader leaves, and commits after it.
        await using var connection = await host.Database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        var late = await RevokeAsync(host, connection);
        var later = await RevokeAsync(host);
        await host.FeedReadAsync();

        string id;
        await using (var reader = await FeedReader.OpenAsync(host.Nodes[0].Client))
        {
            var first = FeedReader.KeysOf(await reader.UntilAsync("time"));
            Assert.Contains(before, first);
            Assert.Contains(later, first);
            Assert.DoesNotContain(late, first);
            id = reader.LastId;
        }
        await transaction.CommitAsync();
        var after = await RevokeAsync(host);
        await host.FeedReadAsync();

        await using var again = await FeedReader.OpenAsync(host.Nodes[1].Client, id);
        var missed = await again.UntilAsync("time");
        Assert.DoesNotContain(missed, e => e.Type == "reset");
        Assert.Equivalent(new[] { late, after }, FeedReader.KeysOf(missed).Intersect([before, late, later, after]), strict: true);
        await again.UntilAsync("time");
        Assert.NotEqual(id, again.LastId);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("0.0.0")]
    [InlineData("99.7391000000000000000.5")]
    public async Task What_proves_nothing_begins_anew(string id)
    {
        await using var reader = await FeedReader.OpenAsync(host.Nodes[0].Client, id);
        Assert.Equal("reset", (await reader.UntilAsync("time"))[0].Type);
    }

    [Fact]
    public async Task Blocks_do_not_travel_and_keys_are_told_by_name_of_the_event_only()
    {
        await using var reader = await FeedReader.OpenAsync(host.Nodes[0].Client);
        await reader.UntilAsync("time");
        var block = BackChannel.NewName();
        await host.ExecuteAsync("INSERT INTO revocations (kind, key, expires_at) VALUES (8, $1, identity_now() + interval '1 minute')", block);
        await host.Nodes[1].Service<SigningKeyStore>().ReadAsync(default);
        await host.ExecuteAsync("INSERT INTO revocations (kind, key, expires_at) VALUES (9, '', identity_now() + interval '61 minutes')");
        var events = await reader.UntilAsync("keys");
        var marker = await RevokeAsync(host);
        while (!FeedReader.KeysOf(events).Contains(marker))
            events.AddRange(await reader.UntilAsync("revoked"));
        Assert.DoesNotContain(block, FeedReader.KeysOf(events));
        Assert.DoesNotContain("", FeedReader.KeysOf(events));
    }

    [Fact]
    public async Task A_node_that_stops_says_so_and_does_not_wait_for_its_readers()
    {
        await using var node = await HostNode.StartAsync(host.ConnectionString, []);
        await using var reader = await FeedReader.OpenAsync(node.Client);
        await reader.UntilAsync("time");
        var watch = Stopwatch.StartNew();
        var stopping = node.App.StopAsync();
        Assert.Equal("shutdown", (await reader.UntilAsync("end"))[^1].Data["reason"]!.GetValue<string>());
        Assert.Null(await reader.NextAsync());
        await stopping;
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(20), $"{watch.Elapsed}");
        using var refused = await FeedReader.AskAsync(host.Nodes[0].Client, lastId: reader.LastId);
        Assert.Equal(HttpStatusCode.OK, refused.StatusCode);
    }

    /// <summary>A client that is disabled does not follow on for ten minutes.</summary>
    [Fact]
    public async Task A_client_that_changes_has_to_prove_itself_again()
    {
        await using var node = await HostNode.StartAsync(host.ConnectionString, []);
        await using var reader = await FeedReader.OpenAsync(node.Client);
        await reader.UntilAsync("time");
        await host.ChangeApplicationAsync("demo-service", "display_name = 'Demo service'");
        Assert.Equal("client-changed", (await reader.UntilAsync("end"))[^1].Data["reason"]!.GetValue<string>());
    }

    /// <summary>Adds a row as a node would. Returns its key.</summary>
    static async Task<string> RevokeAsync(HostFixture host, Npgsql.NpgsqlConnection? connection = null)
    {
        var key = BackChannel.NewName();
        await using var own = connection is null ? await host.Database.OpenConnectionAsync() : null;
        await using var command = new Npgsql.NpgsqlCommand(
            "INSERT INTO revocations (kind, key, expires_at) VALUES (0, $1, identity_now() + interval '61 minutes')", connection ?? own);
        command.Parameters.Add(new() { Value = key });
        await command.ExecuteNonQueryAsync();
        return key;
    }
}
