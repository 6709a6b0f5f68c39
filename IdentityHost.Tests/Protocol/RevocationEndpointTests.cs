using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol;

/// <summary><c>/connect/revoke</c> (RFC 7009) and <c>/connect/introspect</c> (RFC 7662), on two nodes.</summary>
[Collection(SharedHost.Name)]
public sealed class RevocationEndpointTests(HostFixture host)
{
    const string Service = "demo-service:demo-service-secret-for-development-only";

    [Theory]
    [Case(80)]
    [InlineData("garbage", null)]
    [InlineData("ih_rt_garbage", "refresh_token")]
    [InlineData("a.b.c", "access_token")]
    public async Task Revoking_what_is_no_token_succeeds(string token, string? hint)
    {
        using var response = await RevokeAsync(("token", token), ("token_type_hint", hint ?? ""));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal("", await response.Content.ReadAsStringAsync());
    }

    [Theory]
    [Case(82)]
    [Case(80)]
    [InlineData("refresh_token")]
    [InlineData("access_token")]
    public async Task Revoking_a_refresh_token_ends_its_access_tokens_on_both_nodes_whatever_the_hint(string hint)
    {
        var tokens = await SignInAsync();
        using var response = await RevokeAsync(("token", tokens["refresh_token"]!.ToString()), ("token_type_hint", hint));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        await AssertAccessAsync(tokens, HttpStatusCode.Unauthorized);
        using var refresh = await host.Client.TokenAsync(("grant_type", "refresh_token"), ("client_id", "demo"), ("refresh_token", tokens["refresh_token"]!.ToString()));
        Assert.Equal("invalid_grant", (await refresh.JsonAsync())["error"]!.ToString());
    }

    [Fact]
    public async Task Revoking_an_access_token_ends_that_token_and_not_the_grant()
    {
        var tokens = await SignInAsync();
        using var response = await RevokeAsync(("token", tokens["access_token"]!.ToString()));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        await AssertAccessAsync(tokens, HttpStatusCode.Unauthorized);
        using var refresh = await host.Client.TokenAsync(("grant_type", "refresh_token"), ("client_id", "demo"), ("refresh_token", tokens["refresh_token"]!.ToString()));
        await AssertAccessAsync(await refresh.JsonAsync(), HttpStatusCode.OK);
    }

    [Theory]
    [Case(81)]
    [InlineData("access_token")]
    [InlineData("refresh_token")]
    public async Task Another_clients_token_stays_alive(string kind)
    {
        var tokens = await SignInAsync();
        using var response = await host.Client.PostAsync("/connect/revoke", Form(("client_id", "identityhost"), ("token", tokens[kind]!.ToString())));
        Assert.True(response.StatusCode is HttpStatusCode.OK or HttpStatusCode.BadRequest, response.StatusCode.ToString());
        await AssertAccessAsync(tokens, HttpStatusCode.OK);
        using var refresh = await host.Client.TokenAsync(("grant_type", "refresh_token"), ("client_id", "demo"), ("refresh_token", tokens["refresh_token"]!.ToString()));
        Assert.Equal(HttpStatusCode.OK, refresh.StatusCode);
    }

    [Theory]
    [Case(83)]
    [InlineData("/connect/revoke", null)]
    [InlineData("/connect/introspect", null)]
    [InlineData("/connect/introspect", "demo")]
    public async Task Without_a_client_that_may_ask_the_answer_is_invalid_client(string path, string? client)
    {
        var token = (await SignInAsync())["access_token"]!.ToString();
        foreach (var node in host.Nodes)
        {
            using var response = await node.Client.PostAsync(path, client is null ? Form(("token", token)) : Form(("token", token), ("client_id", client)));
            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
            Assert.Equal("invalid_client", (await response.JsonAsync())["error"]!.ToString());
            using var get = await node.Client.GetAsync(new Uri($"{path}?token={token}&client_id=demo", UriKind.Relative));
            Assert.Equal(HttpStatusCode.MethodNotAllowed, get.StatusCode);
        }
    }

    [Fact]
    public async Task Introspection_tells_a_resource_server_about_a_token_for_it()
    {
        var tokens = await SignInAsync();
        var answer = await IntrospectAsync(tokens["access_token"]!.ToString());
        Assert.True(answer["active"]!.GetValue<bool>());
        Assert.Equal("demo", answer["client_id"]!.ToString());
        Assert.Equal(HostFixture.Issuer, answer["iss"]!.ToString());
        Assert.Equal(HostFixture.Issuer, answer["aud"]!.ToString());
        Assert.Equal(tokens["scope"]!.ToString(), answer["scope"]!.ToString());
        Assert.Equal(600, answer["exp"]!.GetValue<long>() - answer["iat"]!.GetValue<long>());
    }

    [Fact]
    [Case(84)]
    [Case(85)]
    public async Task Introspection_says_nothing_about_what_is_not_live_or_not_the_askers()
    {
        var tokens = await SignInAsync();
        using (await host.Client.CallAsync(HttpMethod.Delete, "/users/logout", tokens["access_token"]!.ToString()))
        {
        }
        await host.FeedReadAsync();
        var foreignRefresh = (await SignInAsync())["refresh_token"]!.ToString();
        foreach (var token in new[] { tokens["access_token"]!.ToString(), foreignRefresh, "garbage", "a.b.c", "ih_rt_x" })
        {
            foreach (var node in host.Nodes)
                Assert.Equal("""{"active":false}""", (await IntrospectAsync(token, node.Client)).ToJsonString());
        }
        using var large = await host.Client.SendAsync(Introspection(new string('x', 1_000_000)));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, large.StatusCode);
    }

    async Task<JsonObject> SignInAsync()
    {
        using var response = await host.Client.PasswordGrantAsync((await host.Client.RegisterAsync()).Username, BackChannel.Password);
        return await response.JsonAsync();
    }

    Task<HttpResponseMessage> RevokeAsync(params (string, string)[] form) => host.Client.PostAsync("/connect/revoke", Form([("client_id", "demo"), .. form]));

    async Task<JsonObject> IntrospectAsync(string token, HttpClient? client = null)
    {
        using var response = await (client ?? host.Client).SendAsync(Introspection(token));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("no-store", response.Headers.CacheControl!.ToString());
        return await response.JsonAsync();
    }

    static HttpRequestMessage Introspection(string token)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/connect/introspect") { Content = Form(("token", token)) };
        request.Headers.Authorization = new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(Service)));
        return request;
    }

    static FormUrlEncodedContent Form(params (string Name, string Value)[] form) => new(form.Select(f => new KeyValuePair<string, string>(f.Name, f.Value)));

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
}
