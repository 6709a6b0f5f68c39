using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol.Authorize;

/// <summary>A host with relying parties of every kind.</summary>
public sealed class AuthorizeHost(TestPostgres postgres) : HostFixture(postgres)
{
    /// <summary>The collection of the classes that share one.</summary>
    public const string Name = "Authorize host";

    public const string Secret = "a-secret-of-more-than-32-characters-0001";
    public const string Callback = "https://rp.example/cb";
    public const string OtherCallback = "https://rp.example/cb?tenant=1";

    /// <summary>Somebody else's application, with a secret; people are asked.</summary>
    public const string Web = "web";

    /// <summary>The operator's own: people are not asked.</summary>
    public const string Own = "own";

    /// <summary>One with a secret that cannot do PKCE.</summary>
    public const string Exempt = "exempt";

    /// <summary>Public, on somebody's desk.</summary>
    public const string Native = "native";

    /// <summary>One redirect URI and no OpenID Connect.</summary>
    public const string Plain = "plain";

    protected override IEnumerable<KeyValuePair<string, string?>> Settings =>
    [
        .. Application(10, Web, Secret, "openid profile email offline_access users:self users:manage roles", Callback, OtherCallback),
        .. Application(11, Own, Secret, "openid offline_access users:self", Callback),
        new("Applications:11:Consent", "implicit"),
        .. Application(12, Exempt, Secret, "openid users:self", Callback),
        new("Applications:12:RequirePkce", "false"),
        new("Applications:12:Consent", "implicit"),
        .. Application(13, Native, null, "openid offline_access users:self", "http://127.0.0.1/cb", "com.example.app:/cb"),
        new("Applications:13:Consent", "implicit"),
        .. Application(14, Plain, Secret, "users:self offline_access", Callback),
        new("Applications:14:Consent", "implicit"),
        new("Scopes:0:Name", "api.read"),
        new("Resources:0:Audience", "https://api.example.com"),
        new("Resources:0:Scopes:0", "api.read"),
        new("Applications:11:Scopes:9", "api.read"),
    ];

    static IEnumerable<KeyValuePair<string, string?>> Application(int index, string id, string? secret, string scopes, params string[] redirects)
    {
        var key = $"Applications:{index}";
        yield return new($"{key}:ClientId", id);
        yield return new($"{key}:DisplayName", $"The {id} application");
        if (secret is not null)
            yield return new($"{key}:ClientSecret", secret);
        foreach (var (i, grant) in ((string[])["authorization_code", "refresh_token"]).Index())
            yield return new($"{key}:GrantTypes:{i}", grant);
        foreach (var (i, scope) in scopes.Split(' ').Index())
            yield return new($"{key}:Scopes:{i}", scope);
        foreach (var (i, redirect) in redirects.Index())
            yield return new($"{key}:RedirectUris:{i}", redirect);
    }
}

[CollectionDefinition(AuthorizeHost.Name)]
public sealed class SharedAuthorizeHost : ICollectionFixture<AuthorizeHost>;
