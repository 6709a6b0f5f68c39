using System.Net;
using System.Text;
using IdentityHost.Tests.Protocol;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Limits;

/// <summary>
/// A host with the limits as they are by default, behind a proxy that says whose request it carries, so that each test has addresses of its own. Only
/// the first blocks are longer: a busy build machine must not outlast them.
/// </summary>
public sealed class LimitedHost(TestPostgres postgres) : HostFixture(postgres)
{
    public const int ClientFailures = 20;
    public const int AddressFailures = 100;

    /// <summary>The first block of a client and of an address.</summary>
    public static readonly TimeSpan Block = TimeSpan.FromMinutes(4);

    protected override IEnumerable<KeyValuePair<string, string?>> Settings =>
    [
        new("Proxy:KnownNetworks", "127.0.0.1/32"),
        new("RateLimits:Client:Failures", "20"),
        new("RateLimits:Client:Block", "00:04:00"),
        new("RateLimits:Address:Failures", "100"),
        new("RateLimits:Address:Block", "00:04:00"),
        new("Applications:20:ClientId", "disabled-service"),
        new("Applications:20:ClientSecret", Secrets.Right),
        new("Applications:20:GrantTypes:0", "client_credentials"),
        new("Applications:20:Enabled", "false"),
        .. Enumerable.Range(0, 4).SelectMany(i => Service(i)),
    ];

    /// <summary>Services of the tests' own, so that no two tests count one client: <c>service-0</c> to <c>service-3</c>.</summary>
    static IEnumerable<KeyValuePair<string, string?>> Service(int i) =>
    [
        new($"Applications:{i + 3}:ClientId", $"service-{i}"),
        new($"Applications:{i + 3}:ClientSecret", Secrets.Right),
        new($"Applications:{i + 3}:GrantTypes:0", "client_credentials"),
        new($"Applications:{i + 3}:Scopes:0", "users:manage"),
    ];
}

/// <summary>Requests from an address, as a known proxy tells it.</summary>
static class From
{
    /// <summary>By the balancer.</summary>
    public static HttpClient At(this HostFixture host, string address) => Named(new Balancer(host.Nodes), new Uri(HostFixture.Issuer), address);

    /// <summary>Straight to the node.</summary>
    public static HttpClient At(this HostNode node, string address) =>
        Named(new HttpClientHandler { AllowAutoRedirect = false, UseCookies = false }, node.Address, address);

    static HttpClient Named(HttpMessageHandler handler, Uri root, string address)
    {
        var client = new HttpClient(handler) { BaseAddress = root };
        client.DefaultRequestHeaders.Add("X-Forwarded-For", address);
        return client;
    }
}

/// <summary>Client secrets, tried at every endpoint where clients authenticate.</summary>
static class Secrets
{
    public const string Right = "the-right-secret-of-more-than-32-characters";
    public const string Wrong = "a-wrong-secret-of-more-than-32-characters-x";

    /// <summary>By the header and by the body.</summary>
    public static readonly IReadOnlyList<Func<HttpClient, string, string, Task<HttpResponseMessage>>> Doors =
    [
        TokenAsync,
        (client, id, secret) => PostAsync(client, "/connect/introspect", id, secret, ("token", "x")),
        (client, id, secret) => PostAsync(client, "/connect/revoke", id, secret, ("token", "x")),
        (client, id, secret) => client.TokenAsync(("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)),
    ];

    public static Task<HttpResponseMessage> TokenAsync(HttpClient client, string id, string secret) =>
        PostAsync(client, "/connect/token", id, secret, ("grant_type", "client_credentials"));

    /// <summary>How many answers had which status; an unexpected one (a 503 of a machine that is too small) shows by its name.</summary>
    public static string Count(IEnumerable<HttpStatusCode> statuses) =>
        string.Join(", ", statuses.GroupBy(s => s).OrderBy(g => g.Key.ToString(), StringComparer.Ordinal).Select(g => $"{g.Key} {g.Count()}"));

    /// <summary>Refused for a while, as every client is that failed too often. Returns how long.</summary>
    public static async Task<TimeSpan> BlockedAsync(this Task<HttpResponseMessage> request, TimeSpan most)
    {
        using var response = await request;
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.TooManyRequests, $"{(int)response.StatusCode}: {text}");
        Assert.Equal("no-store", response.Headers.CacheControl?.ToString());
        Assert.Contains("too_many_requests", text, StringComparison.Ordinal);
        Answers.Clean(text);
        var wait = response.Headers.RetryAfter?.Delta;
        Assert.NotNull(wait);
        Assert.InRange(wait.Value, TimeSpan.FromSeconds(1), most);
        return wait.Value;
    }

    static async Task<HttpResponseMessage> PostAsync(HttpClient client, string path, string id, string secret, params (string Name, string Value)[] form)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new FormUrlEncodedContent(form.Select(f => new KeyValuePair<string, string>(f.Name, f.Value))),
            Version = client.DefaultRequestVersion,
            VersionPolicy = client.DefaultVersionPolicy,
        };
        request.Headers.TryAddWithoutValidation("Authorization", "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{id}:{secret}")));
        return await client.SendAsync(request);
    }
}
