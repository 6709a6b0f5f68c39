using System.Net;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests;

/// <summary>What the product is for: a token gets in, and after logout it does not, on whichever node.</summary>
[Collection(SharedHost.Name)]
public sealed class MainJobTests(HostFixture host)
{
    [Theory]
    [InlineData("DELETE", "/users/logout")]
    [InlineData("POST", "/users/logout")]
    [InlineData("PATCH", "/logout")]
    [InlineData("DELETE", "/api/users/logout")]
    public async Task Logout_kills_the_token_on_both_nodes(string method, string path)
    {
        var (username, _) = await host.Client.RegisterAsync();
        var token = await host.Client.AccessTokenAsync(username);
        foreach (var node in host.Nodes)
        {
            using var before = await node.Client.GetAsync("/users/current", token);
            Assert.Equal(HttpStatusCode.OK, before.StatusCode);
            Assert.Equal(username, (await before.JsonAsync())["data"]!["username"]!.GetValue<string>());
        }

        using var logout = await host.Nodes[0].Client.CallAsync(new HttpMethod(method), path, token);
        Assert.Equal(HttpStatusCode.OK, logout.StatusCode);
        var farewell = await logout.JsonAsync();
        Assert.Equal("OK", farewell["data"]!.GetValue<string>());
        Assert.Equal(username, farewell["details"]!["username"]!.GetValue<string>());

        await host.EventuallyRefusedAsync(token, answered: host.Nodes[0]);
        foreach (var node in host.Nodes)
        {
            using var after = await node.Client.GetAsync("/users/current", token);
            Assert.Equal(HttpStatusCode.Unauthorized, after.StatusCode);
            var body = await after.JsonAsync();
            Assert.Equal("token_revoked", body["code"]!.GetValue<string>());
            Assert.Equal("Token has been revoked", body["msg"]!.GetValue<string>());
            Assert.Contains("invalid_token", after.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Logout_ends_this_session_and_no_other()
    {
        var (username, _) = await host.Client.RegisterAsync();
        var (phone, laptop) = (await host.Client.AccessTokenAsync(username), await host.Client.AccessTokenAsync(username));

        using var logout = await host.Client.CallAsync(HttpMethod.Delete, "/users/logout", phone);
        Assert.Equal(HttpStatusCode.OK, logout.StatusCode);

        await host.EventuallyRefusedAsync(phone);
        foreach (var node in host.Nodes)
        {
            using var ended = await node.Client.GetAsync("/users/current", phone);
            using var other = await node.Client.GetAsync("/users/current", laptop);
            Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.OK), (ended.StatusCode, other.StatusCode));
        }
    }

    [Fact]
    public async Task Logout_ends_the_rows_that_the_token_hangs_on_and_leaves_an_audit_event()
    {
        var (username, id) = await host.Client.RegisterAsync();
        var token = await host.Client.AccessTokenAsync(username);
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM grants g JOIN sessions s ON s.id = g.session_id WHERE g.user_id = $1 AND g.ended_at IS NULL AND s.ended_at IS NULL", id));

        using var logout = await host.Client.CallAsync(HttpMethod.Delete, "/users/logout", token);

        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM grants g JOIN sessions s ON s.id = g.session_id WHERE g.user_id = $1 AND (g.ended_at IS NULL OR s.ended_at IS NULL)", id));
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE subject_id = $1 AND kind = 'signed_out'", id));
    }
}
