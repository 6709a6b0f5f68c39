using System.Net;
using System.Net.Sockets;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Clients;

/// <summary>
/// A node whose issuer is the address that it really listens at, as libraries that we did not write want it. Beside it a little server of files,
/// which plays the single-page apps.
/// </summary>
public class LibraryHost(TestPostgres postgres) : HostFixture(postgres)
{
    public const string InitialAccessToken = "an-initial-access-token-for-these-tests";

    readonly int _port = FreePort();

    public string Address => $"http://localhost:{_port}";

    /// <summary>Where the single-page apps are served.</summary>
    public int SpaPort { get; } = FreePort();

    protected override int NodeCount => 1;

    protected override IEnumerable<KeyValuePair<string, string?>> Settings =>
    [
        new("urls", Address),
        new("Issuer", Address),
        new("Registration:InitialAccessToken", InitialAccessToken),
        new("Applications:0:RedirectUris:9", $"{Address}/docs"),
        new("Applications:2:RedirectUris:0", $"http://localhost:{SpaPort}/"),
        new("Applications:2:PostLogoutRedirectUris:0", $"http://localhost:{SpaPort}/"),
        new("Applications:2:AllowedOrigins:0", $"http://localhost:{SpaPort}"),
        new("Applications:10:ClientId", "handler"),
        new("Applications:10:ClientSecret", HandlerSecret),
        new("Applications:10:TokenEndpointAuthMethod", "client_secret_post"),
        new("Applications:10:GrantTypes:0", "authorization_code"),
        new("Applications:10:GrantTypes:1", "refresh_token"),
        new("Applications:10:Scopes:0", "openid"),
        new("Applications:10:Scopes:1", "profile"),
        new("Applications:10:Scopes:2", "offline_access"),
        new("Applications:10:RedirectUris:0", $"http://localhost:{SpaPort}/signin-identityhost"),
    ];

    public const string HandlerSecret = "a-secret-of-more-than-32-characters-0001";

    /// <summary>Somebody with an account.</summary>
    public async Task<string> RegisterAsync() => (await Nodes[0].Client.RegisterAsync()).Username;

    static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
