using IdentityHost.Protocol.Keys;
using IdentityHost.ResourceServer;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol.Logout;

/// <summary>Two nodes, with applications that want to be told of logouts and a receiver that plays them.</summary>
public sealed class LogoutHost(TestPostgres postgres) : HostFixture(postgres)
{
    /// <summary>The collection of the classes that share one.</summary>
    public const string Name = "Logout host";

    /// <summary>Registered by <c>quick</c>, as are one with a query and none with another.</summary>
    public const string After = "https://app.example.com/after";

    /// <summary>Registered by <c>other</c>.</summary>
    public const string OtherAfter = "https://other.example.com/after";

    public LogoutReceiver Receiver { get; } = new();

    /// <summary>Each is a receiver of its own; <c>deaf</c> has no address.</summary>
    public static IReadOnlyList<string> Applications { get; } = ["quick", "other", "slow", "down", "refuses", "moved", "paired", "deaf"];

    protected override IEnumerable<KeyValuePair<string, string?>> Settings =>
        Applications.SelectMany((name, i) => Declare(name, i + 2, name == "deaf" ? null : Receiver.AddressOf(name)));

    public static IEnumerable<KeyValuePair<string, string?>> Declare(string name, int index, string? receiver)
    {
        var key = $"Applications:{index}";
        yield return new($"{key}:ClientId", name);
        yield return new($"{key}:DisplayName", $"The {name} <one>");
        yield return new($"{key}:GrantTypes:0", "password");
        yield return new($"{key}:GrantTypes:1", "refresh_token");
        yield return new($"{key}:Scopes:0", "openid");
        yield return new($"{key}:Scopes:1", "users:self");
        yield return new($"{key}:PostLogoutRedirectUris:0", $"https://{(name == "quick" ? "app" : name)}.example.com/after");
        yield return new($"{key}:PostLogoutRedirectUris:1", $"https://{name}.example.com/after?from=here");
        if (receiver is not null)
            yield return new($"{key}:BackchannelLogoutUri", receiver);
    }

    public override async ValueTask InitializeAsync()
    {
        await Receiver.StartAsync();
        await base.InitializeAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await Receiver.DisposeAsync();
    }

    /// <summary>Somebody new in a browser, with a grant of each of these applications on that session, and the ID token that the first would have.</summary>
    internal async Task<SignedInBrowser> BrowserAsync(params string[] applications)
    {
        var (username, id) = await Client.RegisterAsync();
        var tab = new Tab(this);
        using (await tab.SignInAsync(username, BackChannel.Password))
        {
        }
        var session = await ScalarAsync<Guid>("SELECT id FROM sessions WHERE user_id = $1 AND last_seen_at IS NOT NULL", id);
        foreach (var application in applications)
            await GrantAsync(session, application);
        using var answer = await Client.TokenAsync(
            ("grant_type", "password"), ("client_id", applications.FirstOrDefault() ?? "quick"), ("username", username), ("password", BackChannel.Password), ("scope", "openid"));
        var token = (await answer.JsonAsync())["id_token"]!.GetValue<string>();
        var hint = new HostTokens(Nodes[0].Service<SigningKeys>().Signing([AccessTokenKey.Rs256])!, token);
        return new SignedInBrowser(tab, username, id, session, hint);
    }

    public Task<int> GrantAsync(Guid session, string application) => ExecuteAsync(
        """
        INSERT INTO grants (id, session_id, user_id, application_id, scope, created_at, expires_at)
        SELECT gen_random_uuid(), s.id, s.user_id, a.id, 'openid', identity_now(), s.expires_at FROM sessions s, applications a WHERE s.id = $1 AND a.client_id = $2
        """,
        session,
        application);

    /// <summary>Whether the session has not ended.</summary>
    public async Task<bool> LivesAsync(Guid session) =>
        await ScalarAsync<long>("SELECT count(*) FROM sessions WHERE id = $1 AND ended_at IS NULL", session) == 1;
}

/// <summary>Somebody in front of a browser.</summary>
/// <param name="Tab">The browser.</param>
/// <param name="Username">Their name.</param>
/// <param name="Id">The account.</param>
/// <param name="Session">The session of the cookie.</param>
/// <param name="OwnToken">A genuine ID token of the application, from another session of theirs.</param>
sealed record SignedInBrowser(Tab Tab, string Username, long Id, Guid Session, HostTokens OwnToken)
{
    /// <summary>The ID token of the browser's session.</summary>
    public string Hint => OwnToken.WithClaims(("sid", Session.ToString("N")));
}

[CollectionDefinition(LogoutHost.Name)]
public sealed class SharedLogoutHost : ICollectionFixture<LogoutHost>;
