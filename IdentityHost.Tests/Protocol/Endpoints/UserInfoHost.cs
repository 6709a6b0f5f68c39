using System.Net;
using System.Text.Json.Nodes;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol.Endpoints;

/// <summary>A host with applications that may ask about people: <c>info</c> for everything, <c>shy</c> for the e-mail only, <c>own</c> for the operator, <c>robot</c> for itself.</summary>
public sealed class UserInfoHost(TestPostgres postgres) : HostFixture(postgres)
{
    /// <summary>The collection of the classes that share one.</summary>
    public const string Name = "Userinfo host";

    public const string Path = "/connect/userinfo";

    public const string Secret = "a-secret-of-more-than-32-characters-0001";

    const string Everything = "openid profile email phone address roles users:self";

    protected override IEnumerable<KeyValuePair<string, string?>> Settings =>
    [
        .. Application(2, "info", "password", Everything),
        .. Application(3, "shy", "password", "openid email"),
        .. Application(4, "signed", "password", Everything),
        .. Application(5, "pairwise", "password", Everything),
        .. Application(6, "robot", "client_credentials", "openid profile"),
        new("Applications:6:ClientSecret", Secret),
        .. Application(7, "own", "password", "openid email"),
        new("Applications:7:Consent", "implicit"),
    ];

    /// <summary>Somebody about whom everything is known, and a token of theirs.</summary>
    public async Task<Informed> SignInAsync(string scope, string client = "info")
    {
        var (username, id) = await Client.RegisterAsync();
        Assert.Equal(1, await ExecuteAsync(
            "UPDATE users SET name = 'Budi Santoso', phone_number = '+62 21 555 1234', address = E'Jalan Merdeka 1\nJakarta', email_confirmed = true WHERE id = $1", id));
        var answer = await Client.TokenAsync(
            ("grant_type", "password"), ("client_id", client), ("username", username), ("password", BackChannel.Password), ("scope", scope)).GrantedAsync();
        return new Informed(username, id, answer);
    }

    static IEnumerable<KeyValuePair<string, string?>> Application(int index, string id, string grant, string scopes) =>
    [
        new($"Applications:{index}:ClientId", id),
        new($"Applications:{index}:GrantTypes:0", grant),
        .. scopes.Split(' ').Select((scope, i) => new KeyValuePair<string, string?>($"Applications:{index}:Scopes:{i}", scope)),
    ];
}

[CollectionDefinition(UserInfoHost.Name)]
public sealed class SharedUserInfoHost : ICollectionFixture<UserInfoHost>;

/// <summary>Somebody who has signed in, with what the token endpoint answered.</summary>
public sealed record Informed(string Username, long Id, JsonObject Answer)
{
    public string Token => Answer["access_token"]!.GetValue<string>();

    public string IdToken => Answer["id_token"]!.GetValue<string>();

    /// <summary>What the endpoint says with this token; fails the test where it says nothing.</summary>
    public async Task<JsonObject> AskAsync(HttpClient node)
    {
        using var response = await node.GetAsync(UserInfoHost.Path, Token);
        var body = await response.JsonAsync();
        Assert.True(response.StatusCode == HttpStatusCode.OK, body.ToJsonString());
        Assert.Equal("no-store", response.Headers.CacheControl?.ToString());
        return body;
    }
}
