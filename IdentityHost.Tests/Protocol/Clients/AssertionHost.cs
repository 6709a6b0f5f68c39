using System.Text.Json.Nodes;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol.Clients;

/// <summary>A host with declared applications that prove themselves by keys of each kind, and where others may register.</summary>
public sealed class AssertionHost(TestPostgres postgres) : HostFixture(postgres)
{
    public const string InitialToken = "initial-access-token-of-more-than-32-characters";

    /// <summary>ES256, its only key.</summary>
    public AssertionKey Ec { get; } = new("ES256");

    public AssertionKey Rsa { get; } = new("RS256");

    public AssertionKey Pss { get; } = new("PS256");

    protected override IEnumerable<KeyValuePair<string, string?>> Settings =>
    [
        new("Registration:InitialAccessToken", InitialToken),
        new("Registration:RequirePkce", "false"),
        .. Application(12, "ec", Ec),
        .. Application(13, "rsa", Rsa),
        .. Application(14, "pss", Pss, ("TokenEndpointAuthSigningAlg", "PS256")),
        .. Application(15, "gone", Ec, ("Enabled", "false")),
        .. Application(16, "several", Ec),
        .. Key(16, 1, Rsa),
        // Two that a header without kid cannot tell apart.
        .. Application(17, "twins", Rsa),
        .. Key(17, 1, Rsa, "twin"),
    ];

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        foreach (var key in (AssertionKey[])[Ec, Rsa, Pss])
            key.Dispose();
    }

    static IEnumerable<KeyValuePair<string, string?>> Application(int index, string id, AssertionKey key, params (string Name, string Value)[] more) =>
    [
        new($"Applications:{index}:ClientId", id),
        new($"Applications:{index}:GrantTypes:0", "client_credentials"),
        new($"Applications:{index}:Scopes:0", "users:self"),
        new($"Applications:{index}:Audiences:0", "users"),
        .. Key(index, 0, key),
        .. more.Select(m => KeyValuePair.Create<string, string?>($"Applications:{index}:{m.Name}", m.Value)),
    ];

    static IEnumerable<KeyValuePair<string, string?>> Key(int index, int position, AssertionKey key, string? keyId = null) =>
        key.Jwk(keyId is null ? [] : [("kid", (JsonNode)keyId)]).Select(m => KeyValuePair.Create<string, string?>($"Applications:{index}:Jwks:keys:{position}:{m.Key}", m.Value!.GetValue<string>()));
}
