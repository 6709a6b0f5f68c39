using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol;

/// <summary>A host with the confidential application <c>keeper</c>, whose refresh tokens stay as they are.</summary>
public sealed class KeepingHost(TestPostgres postgres) : HostFixture(postgres)
{
    /// <summary>As for the header Basic, before base64.</summary>
    public const string Credentials = $"keeper:{Secret}";

    const string Secret = "a-secret-of-more-than-32-characters-0001";

    protected override IEnumerable<KeyValuePair<string, string?>> Settings =>
    [
        new("Applications:12:ClientId", "keeper"),
        new("Applications:12:ClientSecret", Secret),
        new("Applications:12:GrantTypes:0", "password"),
        new("Applications:12:GrantTypes:1", "refresh_token"),
        new("Applications:12:Scopes:0", "users:self"),
        new("Applications:12:RefreshRotation", "none"),
    ];

    /// <summary>What a start with another setting does to the row.</summary>
    public Task SwitchAsync(string rotation) => ExecuteAsync("UPDATE applications SET refresh_rotation = $1 WHERE client_id = 'keeper'", rotation);

    /// <summary>A refresh token of somebody new.</summary>
    public async Task<string> SignInAsync()
    {
        var (username, _) = await Client.RegisterAsync();
        var body = await Client.BasicAsync(
            Credentials, ("grant_type", "password"), ("username", username), ("password", BackChannel.Password)).GrantedAsync();
        return body["refresh_token"]!.GetValue<string>();
    }

    public Task<HttpResponseMessage> RefreshAsync(string token, int node = 0) =>
        Nodes[node].Client.BasicAsync(Credentials, ("grant_type", "refresh_token"), ("refresh_token", token));

    /// <summary>The refresh token of the answer.</summary>
    public async Task<string> RefreshedAsync(string token, int node = 0) =>
        (await RefreshAsync(token, node).GrantedAsync())["refresh_token"]!.GetValue<string>();
}
