using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.ResourceServer.Remote;

/// <summary>An issuer of two nodes that knows an API beside its own.</summary>
public class RemoteHost(TestPostgres postgres) : HostFixture(postgres)
{
    public const string Audience = "https://orders.example.com";
    public const string Scope = "orders:read";
    public const string ApiClient = "orders-api";
    public const string ApiSecret = "the-orders-api-knows-this-and-nobody-else";

    /// <summary>Beside the demo clients of Development.</summary>
    public static IReadOnlyList<KeyValuePair<string, string?>> ApiSettings { get; } =
    [
        new("Scopes:30:Name", Scope),
        new("Resources:30:Audience", Audience),
        new("Resources:30:Scopes:0", Scope),
        new("Applications:0:Scopes:30", Scope),
        new("Applications:30:ClientId", ApiClient),
        new("Applications:30:ClientSecret", ApiSecret),
        new("Applications:30:Audiences:0", Audience),
    ];

    protected override IEnumerable<KeyValuePair<string, string?>> Settings => [.. ApiSettings, new("Logging:LogLevel:Default", "Warning")];

    /// <summary>Somebody new, and an access token of theirs for the API (and for the issuer's own, to log out with).</summary>
    public static async Task<(SignedIn Person, string Token)> NewAsync(HttpClient node)
    {
        var (username, id) = await node.RegisterAsync();
        var answer = await Races.RaceAnswer.OfAsync(-1, node.PasswordGrantAsync(username, BackChannel.Password, ("scope", "users:self " + Scope)));
        Assert.True(answer.Granted, answer.Body.ToJsonString());
        return (new SignedIn(username, id, answer), answer.AccessToken!);
    }
}
