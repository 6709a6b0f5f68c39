using System.Net;
using System.Text.Json.Nodes;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol;

/// <summary>Refresh tokens (RFC 6749 §6, RFC 9700 §4.14.2): rotation that never forks and loses no session.</summary>
[Collection(SharedHost.Name)]
public sealed class RefreshTokenTests(HostFixture host)
{
    [Fact]
    [Case(70)]
    public async Task Refresh_gives_a_new_token_of_each_kind_with_the_same_scope()
    {
        var first = await SignInAsync();
        var second = await RefreshedAsync(Refresh(first));
        Assert.NotEqual(Refresh(first), Refresh(second));
        Assert.NotEqual(first["access_token"]!.ToString(), second["access_token"]!.ToString());
        Assert.Equal(first["scope"]!.ToString(), second["scope"]!.ToString());
        await AssertAccessAsync(second, HttpStatusCode.OK);
    }

    [Fact]
    [Case(70)]
    public async Task Narrower_scope_narrows_the_access_token_and_not_the_grant()
    {
        var first = await SignInAsync();
        var narrow = await RefreshedAsync(Refresh(first), ("scope", "users:self"));
        Assert.Equal("users:self", narrow["scope"]!.ToString());
        var wide = await RefreshedAsync(Refresh(narrow));
        Assert.Equal(first["scope"]!.ToString(), wide["scope"]!.ToString());
    }

    [Fact]
    [Case(71)]
    public async Task Token_whose_successor_was_used_is_a_replay_and_ends_the_grant()
    {
        var first = await SignInAsync();
        var second = await RefreshedAsync(Refresh(first));
        var third = await RefreshedAsync(Refresh(second));

        await AssertRefusedAsync(Refresh(first));
        await AssertRefusedAsync(Refresh(third));
        foreach (var tokens in new[] { first, second, third })
            await AssertAccessAsync(tokens, HttpStatusCode.Unauthorized);
        var gid = Claims(first)["gid"]!.ToString();
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE kind = 'refresh_replayed' AND detail = $1", gid));
    }

    [Fact]
    [Case("R4")]
    public async Task Lost_answer_is_repeated_with_the_same_successor()
    {
        var first = await SignInAsync();
        var once = await RefreshedAsync(Refresh(first));
        var again = await RefreshedAsync(Refresh(first));
        Assert.Equal(Refresh(once), Refresh(again));
        await RefreshedAsync(Refresh(again));
    }

    [Fact]
    [Case(74)]
    public async Task Token_of_another_client_is_refused_and_still_works_for_its_own()
    {
        var first = await SignInAsync();
        using var stolen = await host.Client.TokenAsync(("grant_type", "refresh_token"), ("client_id", "demo-other"), ("refresh_token", Refresh(first)));
        Assert.Equal("invalid_client", (await stolen.JsonAsync())["error"]!.ToString());
        using var foreign = await host.Client.TokenAsync(("grant_type", "refresh_token"), ("client_id", "identityhost"), ("refresh_token", Refresh(first)));
        Assert.Equal("invalid_grant", (await foreign.JsonAsync())["error"]!.ToString());
        await RefreshedAsync(Refresh(first));
    }

    [Fact]
    [Case(75)]
    public async Task Scope_wider_than_granted_is_refused_and_uses_nothing()
    {
        using var response = await host.Client.PasswordGrantAsync(HostFixture.AdminName, HostFixture.AdminPassword, ("scope", "users:self"));
        var first = await response.JsonAsync();
        using var wide = await RefreshAsync(Refresh(first), ("scope", "users:self users:manage"));
        Assert.Equal(HttpStatusCode.BadRequest, wide.StatusCode);
        Assert.Equal("invalid_scope", (await wide.JsonAsync())["error"]!.ToString());
        Assert.Equal(0, await host.ScalarAsync<int>("SELECT generation FROM grants WHERE id = $1", GrantOf(first)));
    }

    [Fact]
    [Case(54)]
    public async Task Token_that_is_cut_extended_or_changed_is_refused()
    {
        var token = Refresh(await SignInAsync());
        var middle = token.Length / 2;
        string[] broken =
        [
            token[..^1], token + "A", token[..middle] + (token[middle] == 'A' ? 'B' : 'A') + token[(middle + 1)..], "ih_rt_", "garbage", token.ToUpperInvariant(),
        ];
        foreach (var text in broken)
            await AssertRefusedAsync(text);
        await RefreshedAsync(token);
    }

    [Fact]
    [Case(58)]
    public async Task Unknown_used_foreign_and_ended_tokens_get_one_answer()
    {
        var (used, foreign, ended) = (await SignInAsync(), await SignInAsync(), await SignInAsync());
        await RefreshedAsync(Refresh(await RefreshedAsync(Refresh(used))));
        using var logout = await host.Client.CallAsync(HttpMethod.Delete, "/users/logout", ended["access_token"]!.ToString());
        var answers = new List<string>();
        foreach (var (client, token) in new[] { ("demo", "ih_rt_unknown"), ("demo", Refresh(used)), ("identityhost", Refresh(foreign)), ("demo", Refresh(ended)) })
        {
            using var response = await host.Client.TokenAsync(("grant_type", "refresh_token"), ("client_id", client), ("refresh_token", token));
            answers.Add($"{response.StatusCode} {await response.Content.ReadAsStringAsync()}");
        }
        Assert.Single(answers.Distinct(StringComparer.Ordinal));
    }

    [Fact]
    [Case(77)]
    [Case(123)]
    public async Task Logout_ends_the_refresh_token()
    {
        var first = await SignInAsync();
        using var logout = await host.Client.CallAsync(HttpMethod.Delete, "/users/logout", first["access_token"]!.ToString());
        Assert.Equal(HttpStatusCode.OK, logout.StatusCode);
        await AssertRefusedAsync(Refresh(first));
    }

    [Theory]
    [Case(77)]
    [Case(130)]
    [InlineData("disabled")]
    [InlineData("disabled and enabled")]
    [InlineData("deleted")]
    [InlineData("password changed")]
    public async Task Person_who_was_ended_cannot_refresh(string how)
    {
        var (username, id) = await host.Client.RegisterAsync();
        var first = await SignInAsync(username);
        var admin = await host.Client.AdminTokenAsync();
        using var ended = await (how switch
        {
            "deleted" => host.Client.CallAsync(HttpMethod.Delete, $"/users/{id}", admin),
            "password changed" => host.Client.PasswordGrantAsync(username, BackChannel.Password, ("new_password", "another quiet place")),
            _ => host.Client.CallAsync(HttpMethod.Patch, $"/users/{id}/status", admin, new { status = false }),
        });
        Assert.Equal(HttpStatusCode.OK, ended.StatusCode);
        if (how == "disabled and enabled")
        {
            using var enabled = await host.Client.CallAsync(HttpMethod.Patch, $"/users/{id}/status", admin, new { status = true });
            Assert.Equal(HttpStatusCode.OK, enabled.StatusCode);
        }
        await AssertRefusedAsync(Refresh(first));
        await AssertRefusedAsync(Refresh(first));
        await AssertAccessAsync(first, HttpStatusCode.Unauthorized);
    }

    [Fact]
    [Case(78)]
    public async Task Role_that_was_taken_away_is_not_in_the_next_token()
    {
        var (username, id) = await host.Client.RegisterAsync();
        await host.ExecuteAsync("UPDATE users SET role = 1 WHERE id = $1", id);
        var first = await SignInAsync(username);
        Assert.Contains("users:manage", first["scope"]!.ToString(), StringComparison.Ordinal);
        await host.ExecuteAsync("UPDATE users SET role = 0 WHERE id = $1", id);
        var second = await RefreshedAsync(Refresh(first));
        Assert.DoesNotContain("users:manage", second["scope"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal("USER", Assert.Single(Claims(second)["roles"]!.AsArray())!.ToString());
    }

    async Task<JsonObject> SignInAsync(string? username = null)
    {
        username ??= (await host.Client.RegisterAsync()).Username;
        using var response = await host.Client.PasswordGrantAsync(username, BackChannel.Password);
        return await response.JsonAsync();
    }

    Task<HttpResponseMessage> RefreshAsync(string token, params (string, string)[] more) =>
        host.Client.TokenAsync([("grant_type", "refresh_token"), ("client_id", "demo"), ("refresh_token", token), .. more]);

    async Task<JsonObject> RefreshedAsync(string token, params (string, string)[] more)
    {
        using var response = await RefreshAsync(token, more);
        var body = await response.JsonAsync();
        Assert.True(response.IsSuccessStatusCode, body.ToJsonString());
        return body;
    }

    async Task AssertRefusedAsync(string token)
    {
        using var response = await RefreshAsync(token);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("invalid_grant", (await response.JsonAsync())["error"]!.ToString());
    }

    async Task AssertAccessAsync(JsonObject tokens, HttpStatusCode expected)
    {
        if (expected == HttpStatusCode.Unauthorized)
            await host.EventuallyRefusedAsync(tokens["access_token"]!.ToString());
        foreach (var node in host.Nodes)
        {
            using var response = await node.Client.GetAsync("/users/current", tokens["access_token"]!.ToString());
            Assert.Equal(expected, response.StatusCode);
        }
    }

    static string Refresh(JsonObject tokens) => tokens["refresh_token"]!.ToString();

    static JsonNode Claims(JsonObject tokens) =>
        JsonNode.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(tokens["access_token"]!.ToString().Split('.')[1]))!;

    static Guid GrantOf(JsonObject tokens) => Guid.ParseExact(Claims(tokens)["gid"]!.ToString(), "N");
}
