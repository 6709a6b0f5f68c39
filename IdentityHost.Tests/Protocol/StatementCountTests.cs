using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol;

/// <summary>What each request costs the database, exactly: a statement more on these paths is a change that somebody has to mean.</summary>
[Collection(SharedHost.Name)]
public sealed class StatementCountTests(HostFixture host)
{
    [Fact]
    public async Task ClientCredentials_ReadTheClientAndWriteNothing() => Assert.Equal(["SELECT"], await CountAsync(() =>
    {
        var request = Form(("grant_type", "client_credentials"));
        request.Headers.TryAddWithoutValidation("Authorization", "Basic " + Convert.ToBase64String("demo-service:demo-service-secret-for-development-only"u8));
        return request;
    }));

    /// <summary>The client; the slot with the account; then in one round trip: the slot's release, the session, the grant.</summary>
    [Fact]
    public async Task PasswordGrant_TakesFiveStatements()
    {
        var (username, _) = await host.Client.RegisterAsync();
        Assert.Equal(["SELECT", "WITH", "UPDATE", "WITH", "WITH"], await CountAsync(() =>
            Form(("grant_type", "password"), ("client_id", "demo"), ("username", username), ("password", BackChannel.Password))));
    }

    /// <summary>A wrong password: the client; the slot; then the audit event, the verdict, and the word of a block if it came to one.</summary>
    [Fact]
    public async Task WrongPassword_TakesFiveStatements() => Assert.Equal(["SELECT", "WITH", "INSERT", "UPDATE", "INSERT"], await CountAsync(() =>
        Form(("grant_type", "password"), ("client_id", "demo"), ("username", BackChannel.NewName()), ("password", BackChannel.Password))));

    /// <summary>The client; the rotation with all that it locks, ends and tells.</summary>
    [Fact]
    public async Task Refresh_RotatesInOneStatement()
    {
        var (username, _) = await host.Client.RegisterAsync();
        using var signIn = await host.Client.PasswordGrantAsync(username, BackChannel.Password);
        var token = (await signIn.JsonAsync())["refresh_token"]!.ToString();
        Assert.Equal(["SELECT", "WITH"], await CountAsync(() =>
            Form(("grant_type", "refresh_token"), ("client_id", "demo"), ("refresh_token", token))));
    }

    /// <summary>Whether the token was revoked, which each node asks the database; then the account.</summary>
    [Fact]
    public async Task OwnAccount_IsTwoReads()
    {
        var (username, _) = await host.Client.RegisterAsync();
        var token = await host.Client.AccessTokenAsync(username);
        Assert.Equal(["SELECT", "SELECT"], await CountAsync(() => Get("/users/current", token)));
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

    static HttpRequestMessage Form(params (string Name, string Value)[] form) => new(HttpMethod.Post, "/connect/token")
    {
        Content = new FormUrlEncodedContent(form.Select(f => new KeyValuePair<string, string>(f.Name, f.Value))),
    };

    /// <summary>The kinds of the statements, on the node that sent more of them.</summary>
    async Task<List<string>> CountAsync(Func<HttpRequestMessage> make)
    {
        List<string>? kinds = null;
        foreach (var node in host.Nodes)
        {
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
