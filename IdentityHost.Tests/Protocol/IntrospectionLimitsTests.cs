using System.Net;
using System.Text.Json.Nodes;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol;

/// <summary>What introspection says nothing about: others' tokens, and those that do not work any more (RFC 7662 §2.2, §4). Moves time.</summary>
public sealed class IntrospectionLimitsTests(KeepingHost host) : IClassFixture<KeepingHost>, IAsyncLifetime
{
    const string Service = "demo-service:demo-service-secret-for-development-only";
    const string Inactive = """{"active":false}""";

    public async ValueTask InitializeAsync()
    {
        await host.Clock.SetAsync(TimeSpan.Zero);
        await host.SwitchAsync("rolling");
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>The keeper is no audience of anything: it may ask about its own tokens only.</summary>
    [Fact]
    [Case(84)]
    public async Task A_token_for_another_audience_is_none_of_the_askers_business()
    {
        var (username, _) = await host.Client.RegisterAsync();
        var foreign = await host.Client.PasswordGrantAsync(username, BackChannel.Password).GrantedAsync();
        var own = await host.RefreshAsync(await host.SignInAsync()).GrantedAsync();
        foreach (var node in host.Nodes)
        {
            foreach (var kind in new[] { "access_token", "refresh_token" })
            {
                Assert.Equal(Inactive, await AskAsync(node, KeepingHost.Credentials, foreign[kind]!.GetValue<string>()));
                Assert.Contains("\"active\":true", await AskAsync(node, KeepingHost.Credentials, own[kind]!.GetValue<string>()), StringComparison.Ordinal);
            }
            // The resource server may know of the access token, of no refresh token.
            Assert.Contains("\"active\":true", await AskAsync(node, Service, foreign["access_token"]!.GetValue<string>()), StringComparison.Ordinal);
            Assert.Equal(Inactive, await AskAsync(node, Service, foreign["refresh_token"]!.GetValue<string>()));
        }
    }

    [Fact]
    [Case(85)]
    public async Task Expired_consumed_and_other_kinds_are_inactive()
    {
        var first = await host.SignInAsync();
        var second = await host.RefreshAsync(first).GrantedAsync();
        var (token, access) = (second["refresh_token"]!.GetValue<string>(), second["access_token"]!.GetValue<string>());
        // While its successor is unused the first one still works, and asking uses nothing.
        Assert.Contains("\"active\":true", await AskAsync(host.Nodes[1], KeepingHost.Credentials, first), StringComparison.Ordinal);
        await host.RefreshedAsync(token);
        var tokens = await HostTokens.NewAsync(host);
        foreach (var node in host.Nodes)
        {
            Assert.Equal(Inactive, await AskAsync(node, KeepingHost.Credentials, first));
            foreach (var type in new[] { "JWT", "id+jwt", "logout+jwt", "dpop+jwt" })
                Assert.Equal(Inactive, await AskAsync(node, Service, tokens.WithHeader(("typ", type))));
            Assert.Contains("\"active\":true", await AskAsync(node, Service, tokens.Token), StringComparison.Ordinal);
        }
        await host.Clock.SetAsync(TimeSpan.FromMinutes(12));
        foreach (var node in host.Nodes)
        {
            Assert.Equal(Inactive, await AskAsync(node, Service, tokens.Token));
            Assert.Equal(Inactive, await AskAsync(node, KeepingHost.Credentials, access));
        }
        // Asking ended nothing either.
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE kind = 'refresh_replayed'"));
    }

    [Theory]
    [Case(83)]
    [InlineData("/connect/introspect")]
    [InlineData("/connect/revoke")]
    public async Task A_wrong_secret_learns_and_ends_nothing(string path)
    {
        var token = await host.SignInAsync();
        foreach (var node in host.Nodes)
        {
            using var request = Request(path, "keeper:a-secret-of-more-than-32-characters-0002", token);
            await node.Client.SendAsync(request).RefusedAsync(HttpStatusCode.Unauthorized, "invalid_client");
            using var silent = Request(path, "keeper:", token);
            await node.Client.SendAsync(silent).RefusedAsync(HttpStatusCode.Unauthorized, "invalid_client");
        }
        await host.RefreshedAsync(token);
    }

    static async Task<string> AskAsync(HostNode node, string credentials, string token)
    {
        using var request = Request("/connect/introspect", credentials, token);
        using var response = await node.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return JsonNode.Parse(await response.Content.ReadAsStringAsync())!.ToJsonString();
    }

    static HttpRequestMessage Request(string path, string credentials, string token)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new FormUrlEncodedContent([new("token", token)]) };
        request.Headers.Authorization = new("Basic", Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes(credentials)));
        return request;
    }
}
