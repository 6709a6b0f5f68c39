using System.Buffers.Text;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using IdentityHost.Protocol.Keys;
using IdentityHost.Revocation;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol.Keys;

/// <summary>Two nodes whose keys a test rotates, on a database of their own, with a clock that only goes forward.</summary>
public class KeysHost(TestPostgres postgres) : HostFixture(postgres)
{
    public const string JwksPath = "/.well-known/jwks";

    /// <summary>The defaults.</summary>
    public static readonly TimeSpan Announce = TimeSpan.FromMinutes(30);
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(90);

    /// <summary>One chain of keys, so that a test can count them.</summary>
    protected const string OneChain = "Tokens:IdTokenAlgorithms";

    const string ServiceSecret = "demo-service-secret-for-development-only";
    static readonly TimeSpan Poll = TimeSpan.FromSeconds(5);

    protected override IEnumerable<KeyValuePair<string, string?>> Settings => [new(OneChain, "ES256")];

    /// <summary>Sets the clock of database and nodes.</summary>
    public Task GoToAsync(DateTimeOffset time) => Clock.SetAsync(time - DateTimeOffset.UtcNow);

    /// <summary>What the job does, on one of the nodes.</summary>
    public Task RunJobAsync(int node = 0) => Nodes[node].Service<KeyRotation>().RunAsync(default);

    /// <summary>Waits until every node has looked at the keys by itself.</summary>
    public async Task NodesFollowAsync()
    {
        var kids = await PublishedAsync();
        foreach (var node in Nodes)
            await Eventually.TrueAsync(async () => (await JwksAsync(node)).Kids.Order(StringComparer.Ordinal).SequenceEqual(kids), Poll);
    }

    /// <summary>Those that should be in the JWKS now.</summary>
    public async Task<string[]> PublishedAsync() => (await ScalarAsync<string[]>(
        "SELECT array_agg(kid ORDER BY kid COLLATE \"C\") FROM signing_keys WHERE expires_at IS NULL OR expires_at > identity_now()"))!;

    /// <summary>The one that signs now. There must be exactly one.</summary>
    internal async Task<KeyFacts> SigningAsync(string algorithm = "ES256") => Assert.Single(await ListAsync(), k => k.Algorithm == algorithm && k.Stage == KeyStage.Signing);

    internal async Task<List<KeyFacts>> ListAsync() => await Nodes[0].Service<KeyRotation>().ListAsync(default);

    internal static async Task<(string Text, List<string> Kids, string ETag)> JwksAsync(HostNode node)
    {
        using var response = await node.Client.GetAsync(JwksPath);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var text = await response.Content.ReadAsStringAsync();
        return (text, [.. JsonNode.Parse(text)!["keys"]!.AsArray().Select(k => k!["kid"]!.GetValue<string>())], response.Headers.ETag!.ToString());
    }

    /// <summary>A new token of the node, as far as the JOSE header: who signed it.</summary>
    internal static async Task<(string Kid, string Algorithm, string Token)> IssueAsync(HostNode node)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/connect/token") { Content = new FormUrlEncodedContent([new("grant_type", "client_credentials")]) };
        request.Headers.TryAddWithoutValidation("Authorization", Basic);
        using var response = await node.Client.SendAsync(request);
        var body = await response.JsonAsync();
        Assert.True(response.IsSuccessStatusCode, body.ToJsonString());
        var token = body["access_token"]!.GetValue<string>();
        var header = JsonNode.Parse(Base64Url.DecodeFromChars(token.Split('.')[0]))!;
        return (header["kid"]!.GetValue<string>(), header["alg"]!.GetValue<string>(), token);
    }

    /// <summary>Whether the node takes the token: at the users API, and when it is asked about it.</summary>
    internal static async Task<bool> AcceptsAsync(HostNode node, string token)
    {
        var (served, active) = await JudgeAsync(node, token);
        Assert.Equal(active, served);
        return active;
    }

    /// <summary>Whether the node takes it nowhere any more. May be asked while that changes.</summary>
    internal static async Task<bool> RefusesAsync(HostNode node, string token) => await JudgeAsync(node, token) is (false, false);

    static async Task<(bool Served, bool Active)> JudgeAsync(HostNode node, string token)
    {
        using var answer = await node.Client.GetAsync("/users?limit=1", token);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/connect/introspect") { Content = new FormUrlEncodedContent([new("token", token)]) };
        request.Headers.TryAddWithoutValidation("Authorization", Basic);
        using var introspection = await node.Client.SendAsync(request);
        Assert.True(answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.Unauthorized, $"{(int)answer.StatusCode}");
        return (answer.StatusCode == HttpStatusCode.OK, (await introspection.JsonAsync())["active"]!.GetValue<bool>());
    }

    internal async Task AllAcceptAsync(string token, bool accepted = true)
    {
        foreach (var node in Nodes)
            Assert.Equal(accepted, await AcceptsAsync(node, token));
    }

    /// <summary>From now on the node does not look at the keys by itself.</summary>
    internal static Task StopPollingAsync(HostNode node) =>
        node.Service<RevocationFeed>().StopAsync(default);

    static string Basic => "Basic " + Convert.ToBase64String(Encoding.ASCII.GetBytes($"demo-service:{ServiceSecret}"));
}
