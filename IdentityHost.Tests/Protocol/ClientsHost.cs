using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol;

/// <summary>A host with applications of every kind beside the demo ones.</summary>
public sealed class ClientsHost(TestPostgres postgres) : HostFixture(postgres)
{
    /// <summary>The collection of the classes that share one.</summary>
    public const string Name = "Clients host";

    public const string Secret = "a-secret-of-more-than-32-characters-0001";

    /// <summary>Every character that the encodings disagree about.</summary>
    public const string AwkwardSecret = "p:l+u s%41&=é\"/ of more than 32 characters";

    protected override IEnumerable<KeyValuePair<string, string?>> Settings =>
    [
        .. Application(12, "basic", Secret, "client_credentials"),
        .. Application(13, "post", Secret, "client_credentials", ("TokenEndpointAuthMethod", "client_secret_post")),
        .. Application(14, "expired", Secret, "client_credentials", ("ClientSecretExpiresAt", "2020-01-01T00:00:00Z")),
        .. Application(15, "disabled", Secret, "client_credentials", ("Enabled", "false")),
        .. Application(16, "awkward", AwkwardSecret, "client_credentials"),
        .. Application(17, "no-grants", null, null),
        .. Application(18, "confidential-password", Secret, "password"),
        .. Application(19, "manager", null, "password", ("Scopes:1", "users:manage")),
    ];

    static IEnumerable<KeyValuePair<string, string?>> Application(int index, string id, string? secret, string? grant, params (string Key, string Value)[] more)
    {
        yield return new($"Applications:{index}:ClientId", id);
        yield return new($"Applications:{index}:Scopes:0", "users:self");
        if (secret is not null)
            yield return new($"Applications:{index}:ClientSecret", secret);
        if (grant is not null)
            yield return new($"Applications:{index}:GrantTypes:0", grant);
        foreach (var (key, value) in more)
            yield return new($"Applications:{index}:{key}", value);
    }
}

[CollectionDefinition(ClientsHost.Name)]
public sealed class SharedClientsHost : ICollectionFixture<ClientsHost>;
