using System.Net;
using IdentityHost.Protocol.Clients;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol;

/// <summary>RFC 6749 §3.3 and §4.4: what is asked for, what is given, and that the answer says which.</summary>
[Collection(ClientsHost.Name)]
public sealed class ScopeTests(ClientsHost host)
{
    static readonly (string, string) Grant = ("grant_type", "client_credentials");
    const string Basic = "basic:" + ClientsHost.Secret;

    [Fact]
    [Case(56)]
    public async Task ApplicationsOwnToken_HasNoPersonAndNoRefresh()
    {
        foreach (var node in host.Nodes)
        {
            var answer = await node.Client.BasicAsync(Basic, Grant).GrantedAsync();
            Assert.False(answer.ContainsKey("refresh_token"));
            Assert.Equal("users:self", answer["scope"]!.GetValue<string>());
            var token = answer["access_token"]!.GetValue<string>();
            var claims = Answers.ClaimsOf(token);
            Assert.Equal(("basic", "basic"), (claims["sub"]!.GetValue<string>(), claims["client_id"]!.GetValue<string>()));
            Assert.False(claims.ContainsKey("sid") || claims.ContainsKey("gid"));
            // users:self of nobody: there is no account behind it.
            using var current = await node.Client.GetAsync("/users/current", token);
            Assert.Equal(HttpStatusCode.Forbidden, current.StatusCode);
        }
    }

    [Fact]
    [Case(56)]
    public async Task PublicClient_GetsNoTokenOfItsOwn()
    {
        foreach (var node in host.Nodes)
        {
            await node.Client.TokenAsync(Grant, ("client_id", "demo")).RefusedAsync("unauthorized_client");
            await node.Client.TokenAsync(Grant, ("client_id", "identityhost")).RefusedAsync("unauthorized_client");
        }
        // Nor by a mistake in the row: the grant asks again.
        await host.ChangeApplicationAsync("no-grants", "grant_types = ARRAY['client_credentials']");
        foreach (var node in host.Nodes)
            await node.Client.TokenAsync(Grant, ("client_id", "no-grants")).RefusedAsync("unauthorized_client");
        await host.ChangeApplicationAsync("no-grants", "grant_types = '{}'");
    }

    [Theory]
    [Case(56)]
    [InlineData("0")]
    [InlineData("1")]
    [InlineData("9223372036854775807")]
    public void ClientId_IsNeverAUsersId(string id) =>
        Assert.Contains("all digits", new ApplicationOptions { ClientId = id }.Fault(development: true, _ => true, ["RS256"]), StringComparison.Ordinal);

    [Theory]
    [Case(56)]
    [InlineData("users:manage")]
    [InlineData("users:self users:manage")]
    [InlineData("users:self nonsense")]
    [InlineData("USERS:SELF")]
    [InlineData("users:self\tusers:self")]
    [InlineData("openid offline_access")]
    public async Task ScopeThatTheClientMayNotHave_IsInvalid(string scope)
    {
        foreach (var node in host.Nodes)
            await node.Client.BasicAsync(Basic, Grant, ("scope", scope)).RefusedAsync("invalid_scope");
    }

    [Fact]
    public async Task FiveThousandScopes_AreInvalidToo()
    {
        foreach (var node in host.Nodes)
            await node.Client.BasicAsync(Basic, Grant, ("scope", string.Join(' ', Enumerable.Repeat("users:self", 5000)))).RefusedAsync("invalid_scope");
    }

    [Theory]
    [InlineData("users:self users:self")]
    [InlineData("  users:self   users:self ")]
    [InlineData("")]
    public async Task Duplicates_AreFolded(string scope)
    {
        foreach (var node in host.Nodes)
        {
            var answer = await node.Client.BasicAsync(Basic, Grant, ("scope", scope)).GrantedAsync();
            Assert.Equal("users:self", answer["scope"]!.GetValue<string>());
            Assert.Equal("users:self", Answers.ClaimsOf(answer["access_token"]!.GetValue<string>())["scope"]!.GetValue<string>());
        }
    }

    [Fact]
    public async Task PersonsScopes_AreNarrowedToTheirRole_AndTheAnswerSaysSo()
    {
        var (username, id) = await host.Client.RegisterAsync();
        foreach (var node in host.Nodes)
        {
            var user = await node.Client.PasswordGrantAsync(username, BackChannel.Password, ("scope", "users:manage roles users:self")).GrantedAsync();
            Assert.Equal("roles users:self", user["scope"]!.GetValue<string>());
            var claims = Answers.ClaimsOf(user["access_token"]!.GetValue<string>());
            Assert.Equal("roles users:self", claims["scope"]!.GetValue<string>());
            Assert.Equal("USER", claims["roles"]![0]!.GetValue<string>());
            Assert.Equal("roles users:self", await host.ScalarAsync<string>("SELECT scope FROM grants WHERE user_id = $1 ORDER BY created_at DESC LIMIT 1", id));
            using var list = await node.Client.GetAsync("/users", user["access_token"]!.GetValue<string>());
            Assert.Equal(HttpStatusCode.Forbidden, list.StatusCode);

            var all = await node.Client.PasswordGrantAsync(username, BackChannel.Password).GrantedAsync();
            Assert.DoesNotContain("users:manage", all["scope"]!.GetValue<string>(), StringComparison.Ordinal);
            var admin = await node.Client.PasswordGrantAsync(HostFixture.AdminName, HostFixture.AdminPassword, ("scope", "users:manage")).GrantedAsync();
            Assert.Equal("users:manage", admin["scope"]!.GetValue<string>());
        }
    }

    /// <summary>More refusals than the limit of wrong passwords: the password was right, so none of them counts, and none holds a slot.</summary>
    [Fact]
    public async Task NothingLeftForTheRole_IsInvalidScope_AndLocksNobody()
    {
        var (username, id) = await host.Client.RegisterAsync();
        for (var i = 0; i < 7; i++)
            await host.Client.PasswordGrantAsync(username, BackChannel.Password, ("scope", "users:manage")).RefusedAsync("invalid_scope");
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM sessions WHERE user_id = $1", id));

        await host.Client.PasswordGrantAsync(username, BackChannel.Password).GrantedAsync();
    }

    [Fact]
    [Case(153)]
    public async Task Discovery_ListsTheGrantsThatAreEnabled()
    {
        foreach (var node in host.Nodes)
        {
            foreach (var path in new[] { "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server" })
            {
                using var response = await node.Client.GetAsync(new Uri(path, UriKind.Relative));
                var grants = (await response.JsonAsync())["grant_types_supported"]!.AsArray().Select(g => g!.GetValue<string>());
                Assert.Equal(["authorization_code", "client_credentials", "password", "refresh_token"], grants);
            }
        }
    }

    [Fact]
    [Case(153)]
    public async Task PasswordGrant_IsOnlyForClientsThatWereGivenIt()
    {
        foreach (var node in host.Nodes)
        {
            (string, string)[] form = [("grant_type", "password"), ("username", HostFixture.AdminName), ("password", HostFixture.AdminPassword)];
            await node.Client.TokenAsync([.. form, ("client_id", "no-grants")]).RefusedAsync("unauthorized_client");
            await node.Client.BasicAsync(Basic, form).RefusedAsync("unauthorized_client");
            await node.Client.BasicAsync("confidential-password:" + ClientsHost.Secret, form).GrantedAsync();
        }
    }
}

/// <summary>A server on which no application has the password grant.</summary>
public sealed class NoPasswordGrantHost(TestPostgres postgres) : HostFixture(postgres)
{
    protected override int NodeCount => 1;

    protected override IEnumerable<KeyValuePair<string, string?>> Settings => [new("Applications:0:Enabled", "false")];
}

public sealed class NoPasswordGrantTests(NoPasswordGrantHost host) : IClassFixture<NoPasswordGrantHost>
{
    [Fact]
    [Case(153)]
    public async Task Discovery_DoesNotListIt()
    {
        using var response = await host.Client.GetAsync(new Uri("/.well-known/openid-configuration", UriKind.Relative));
        Assert.DoesNotContain("password", (await response.JsonAsync())["grant_types_supported"]!.AsArray().Select(g => g!.GetValue<string>()));
        await host.Client.PasswordGrantAsync(HostFixture.AdminName, HostFixture.AdminPassword).RefusedAsync(HttpStatusCode.Unauthorized, "invalid_client");
    }
}
