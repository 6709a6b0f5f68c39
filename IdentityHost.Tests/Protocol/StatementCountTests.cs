using IdentityHost.Protocol.Clients;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol;

/// <summary>What each request costs the database, exactly: a statement more on these paths is a change that somebody has to mean.</summary>
[Collection(SharedHost.Name)]
public sealed class StatementCountTests(HostFixture host)
{
    [Fact]
    public async Task ClientCredentials_AskNothing() => Assert.Empty(await CountAsync(() => Service("/connect/token", ("grant_type", "client_credentials"))));

    /// <summary>The slot with the account; then in one round trip: the slot's release, the session, the grant.</summary>
    [Fact]
    public async Task PasswordGrant_TakesFourStatements()
    {
        var (username, _) = await host.Client.RegisterAsync();
        Assert.Equal(["WITH", "UPDATE", "WITH", "WITH"], await CountAsync(() =>
            Form(("grant_type", "password"), ("client_id", "demo"), ("username", username), ("password", BackChannel.Password))));
    }

    /// <summary>A wrong password: the slot; then in one round trip: the audit event, the verdict, the word of a block if it came to one, the address's count.</summary>
    [Fact]
    public async Task WrongPassword_TakesFiveStatements() => Assert.Equal(["WITH", "INSERT", "UPDATE", "INSERT", "WITH"], await CountAsync(() =>
        Form(("grant_type", "password"), ("client_id", "demo"), ("username", BackChannel.NewName()), ("password", BackChannel.Password))));

    /// <summary>The rotation with all that it locks, ends and tells.</summary>
    [Fact]
    public async Task Refresh_RotatesInOneStatement()
    {
        var (username, _) = await host.Client.RegisterAsync();
        using var signIn = await host.Client.PasswordGrantAsync(username, BackChannel.Password);
        var token = (await signIn.JsonAsync())["refresh_token"]!.ToString();
        Assert.Equal(["WITH"], await CountAsync(() =>
            Form(("grant_type", "refresh_token"), ("client_id", "demo"), ("refresh_token", token))));
    }

    /// <summary>The account; whether the token was revoked, the node knows by itself.</summary>
    [Fact]
    public async Task OwnAccount_IsOneRead()
    {
        var (username, _) = await host.Client.RegisterAsync();
        var token = await host.Client.AccessTokenAsync(username);
        Assert.Equal(["SELECT"], await CountAsync(() => Get("/users/current", token)));
    }

    [Theory]
    [InlineData("/.well-known/openid-configuration")]
    [InlineData("/.well-known/oauth-authorization-server")]
    [InlineData("/.well-known/jwks")]
    public async Task Documents_AskNothing(string path) => Assert.Empty(await CountAsync(() => Get(path)));

    [Fact]
    [Case(207)]
    public async Task TokensThatAreNone_AskNothing()
    {
        foreach (var token in new[] { "x", "a.b.c", new string('a', 4000), "eyJhbGciOiJub25lIn0.e30." })
            Assert.Empty(await CountAsync(() => Get("/users/current", token)));
    }

    static HttpRequestMessage Get(string path, string? token = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (token is not null)
            request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + token);
        return request;
    }

    static HttpRequestMessage Service(string path, params (string Name, string Value)[] form)
    {
        var request = Form(form);
        request.RequestUri = new Uri(path, UriKind.Relative);
        request.Headers.TryAddWithoutValidation("Authorization", "Basic " + Convert.ToBase64String("demo-service:demo-service-secret-for-development-only"u8));
        return request;
    }

    static HttpRequestMessage Form(params (string Name, string Value)[] form) => new(HttpMethod.Post, "/connect/token")
    {
        Content = new FormUrlEncodedContent(form.Select(f => new KeyValuePair<string, string>(f.Name, f.Value))),
    };

    [Fact]
    public async Task Introspection_of_an_access_token_asks_nothing()
    {
        var token = await host.Client.AdminTokenAsync();
        Assert.Empty(await CountAsync(() => Service("/connect/introspect", ("token", token))));
    }

    /// <summary>The kinds of the statements in the steady state (each node knows the client), on the node that sent more of them.</summary>
    async Task<List<string>> CountAsync(Func<HttpRequestMessage> make)
    {
        List<string>? kinds = null;
        foreach (var node in host.Nodes)
        {
            foreach (var client in new[] { "demo", "demo-service" })
                await node.Service<Applications>().FindAsync(client, default);
            using var counter = new SqlCounter();
            using var request = make();
            request.Headers.TryAddWithoutValidation("traceparent", counter.TraceParent);
            using var response = await node.Client.SendAsync(request);
            await counter.RequestEndedAsync();
            Assert.True((int)response.StatusCode < 500);
            List<string> these = [.. counter.Statements.Select(s => s.Kind)];
            if (kinds is null || these.Count > kinds.Count)
                kinds = these;
        }
        return kinds!;
    }
}
