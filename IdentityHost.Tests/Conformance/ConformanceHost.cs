using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Conformance;

/// <summary>Two nodes with the applications that the OpenID Foundation's conformance suite brings along: none of them sends PKCE, and each asks people.</summary>
public sealed class ConformanceHost(TestPostgres postgres) : HostFixture(postgres)
{
    /// <summary>The collection of the classes that share one.</summary>
    public const string Name = "Conformance host";

    public const string Secret = "a-secret-of-more-than-32-characters-0001";
    public const string Callback = "https://rp.example/cb";
    public const string SignedOut = "https://rp.example/signed-out";
    public const string InitialToken = "an-initial-access-token-of-more-than-32-characters";

    /// <summary>The suite's first client, <c>client_secret_basic</c>.</summary>
    public const string First = "first";

    /// <summary>Its second client, which must not be able to use what belongs to the first.</summary>
    public const string Second = "second";

    /// <summary>Its client with <c>client_secret_post</c>.</summary>
    public const string Posting = "posting";

    static readonly TimeSpan FeedLatest = TimeSpan.FromSeconds(2);

    TimeSpan _passed;

    protected override IEnumerable<KeyValuePair<string, string?>> Settings =>
    [
        new("Registration:InitialAccessToken", InitialToken),
        new("Registration:RequirePkce", "false"),
        .. Application(10, First, "client_secret_basic"),
        .. Application(11, Second, "client_secret_basic"),
        .. Application(12, Posting, "client_secret_post"),
    ];

    /// <summary>Lets time pass for database and nodes. It never goes back, as the tests of this host share it.</summary>
    public Task PassAsync(TimeSpan time) => Clock.SetAsync(_passed += time);

    /// <summary>The time by that clock.</summary>
    public async Task<DateTimeOffset> NowAsync() => new(await ScalarAsync<DateTime>("SELECT identity_now()"), TimeSpan.Zero);

    /// <summary>Every node comes to refuse it, within what revocation promises.</summary>
    public async Task RefusedEverywhereAsync(Func<HostNode, Task<bool>> refuses)
    {
        foreach (var node in Nodes)
            await Eventually.TrueAsync(() => refuses(node), FeedLatest);
    }

    static IEnumerable<KeyValuePair<string, string?>> Application(int index, string id, string method)
    {
        var key = $"Applications:{index}";
        yield return new($"{key}:ClientId", id);
        yield return new($"{key}:ClientSecret", Secret);
        yield return new($"{key}:TokenEndpointAuthMethod", method);
        yield return new($"{key}:RequirePkce", "false");
        yield return new($"{key}:RedirectUris:0", Callback);
        yield return new($"{key}:PostLogoutRedirectUris:0", SignedOut);
        yield return new($"{key}:GrantTypes:0", "authorization_code");
        yield return new($"{key}:GrantTypes:1", "refresh_token");
        foreach (var (i, scope) in ((string[])["openid", "profile", "email", "phone", "address", "offline_access"]).Index())
            yield return new($"{key}:Scopes:{i}", scope);
    }
}

[CollectionDefinition(ConformanceHost.Name)]
public sealed class SharedConformanceHost : ICollectionFixture<ConformanceHost>;
