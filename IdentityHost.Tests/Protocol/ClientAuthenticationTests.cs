using System.Net;
using System.Text;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol;

/// <summary>RFC 6749 §2.3: who is asking. Everything that fails fails alike.</summary>
[Collection(ClientsHost.Name)]
public sealed class ClientAuthenticationTests(ClientsHost host)
{
    const string Secret = ClientsHost.Secret;
    static readonly (string, string) Grant = ("grant_type", "client_credentials");

    [Fact]
    public async Task EachMethod_WorksOnBothNodes()
    {
        foreach (var node in host.Nodes)
        {
            await node.Client.BasicAsync($"basic:{Secret}", Grant).GrantedAsync();
            await node.Client.TokenAsync(Grant, ("client_id", "post"), ("client_secret", Secret)).GrantedAsync();
        }
    }

    [Fact]
    [Case(59)]
    public async Task TwoMethodsAtOnce_AreAnInvalidRequest()
    {
        foreach (var node in host.Nodes)
        {
            await node.Client.BasicAsync($"basic:{Secret}", Grant, ("client_secret", Secret)).RefusedAsync("invalid_request");
            await node.Client.BasicAsync($"basic:{Secret}", Grant, ("client_secret", "")).RefusedAsync("invalid_request");
            await node.Client.BasicAsync($"basic:{Secret}", Grant, ("client_id", "post")).RefusedAsync("invalid_request");
        }
    }

    /// <summary>The last two are the right secret by the wrong method: a client that is declared for one does not get in by another.</summary>
    [Fact]
    [Case(60)]
    [Case(61)]
    public async Task EveryFailure_HasOneAnswer()
    {
        Func<HttpClient, Task<HttpResponseMessage>>[] failures =
        [
            c => c.BasicAsync("basic:wrong-secret-of-more-than-32-characters", Grant),
            c => c.BasicAsync($"nobody:{Secret}", Grant),
            c => c.BasicAsync($"expired:{Secret}", Grant),
            c => c.BasicAsync($"disabled:{Secret}", Grant),
            c => c.BasicAsync("basic:", Grant),
            c => c.BasicAsync($"demo:{Secret}", Grant),
            c => c.TokenAsync(Grant, ("client_id", "basic")),
            c => c.TokenAsync(Grant, ("client_id", "basic"), ("client_secret", "")),
            c => c.TokenAsync(Grant, ("client_id", "post")),
            c => c.TokenAsync(Grant, ("client_id", "post"), ("client_secret", "")),
            c => c.TokenAsync(Grant, ("client_id", "nobody")),
            c => c.TokenAsync(Grant, ("client_id", "nobody"), ("client_secret", Secret)),
            c => c.TokenAsync(Grant),
            c => c.TokenAsync(Grant, ("client_id", ""), ("client_secret", Secret)),
            c => c.TokenAsync(("grant_type", "password"), ("client_id", "confidential-password"), ("username", HostFixture.AdminName), ("password", HostFixture.AdminPassword)),
            c => c.TokenAsync(Grant, ("client_id", "BASIC"), ("client_secret", Secret)),
            c => c.TokenAsync(Grant, ("client_id", "basic"), ("client_secret", Secret)),
            c => c.BasicAsync($"post:{Secret}", Grant),
        ];
        var answers = new HashSet<string>(StringComparer.Ordinal);
        foreach (var node in host.Nodes)
        {
            foreach (var failure in failures)
            {
                using var response = await failure(node.Client);
                Assert.Equal("Basic", response.Headers.WwwAuthenticate.Single().Scheme);
                answers.Add(await response.FingerprintAsync());
                await failure(node.Client).RefusedAsync(HttpStatusCode.Unauthorized, "invalid_client");
            }
        }
        Assert.Single(answers);
    }

    /// <summary>RFC 6749 §2.3.1 and appendix B: form-encoded, then joined, then base64.</summary>
    [Fact]
    [Case(62)]
    public async Task Basic_IsDecodedAsTheSpecificationSays()
    {
        var encoded = WebUtility.UrlEncode(ClientsHost.AwkwardSecret);
        Assert.Contains("%3A", encoded, StringComparison.Ordinal);
        foreach (var node in host.Nodes)
        {
            await node.Client.BasicAsync($"awkward:{encoded}", Grant).GrantedAsync();
            await node.Client.BasicAsync($"%61wkward:{encoded}", Grant).GrantedAsync();
            await node.Client.AuthorizedAsync("basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"awkward:{encoded}")), Grant).GrantedAsync();
            // Undecoded it is another secret: %41 would be A.
            await node.Client.BasicAsync($"awkward:{ClientsHost.AwkwardSecret}", Grant).RefusedAsync(HttpStatusCode.Unauthorized, "invalid_client");
        }
    }

    [Theory]
    [Case(62)]
    [InlineData("Basic")]
    [InlineData("Basic ")]
    [InlineData("Basic !!!!")]
    [InlineData("Basic YmFzaWM")] // not padded
    [InlineData("Basic YmFzaWM=")] // no colon
    [InlineData("Basic OnNlY3JldA==")] // no id
    [InlineData("Basic gIA6gIA=")] // 80 80 ':' 80 80 is not UTF-8
    [InlineData("Basic JTAwOmE=")] // %00:a
    [InlineData("Basic JUZGOmE=")] // %FF:a
    [InlineData("Basic JToj")] // %:#
    [InlineData("Basic w6k6w6k=")] // é:é
    [InlineData("Basic 8J+ZiDph")] // an emoji
    [InlineData("Bearer abc")]
    [InlineData("Digest username=\"basic\"")]
    [InlineData("nonsense")]
    public async Task UnreadableHeader_IsAnInvalidClient(string header)
    {
        foreach (var node in host.Nodes)
            await node.Client.AuthorizedAsync(header, Grant).RefusedAsync(HttpStatusCode.Unauthorized, "invalid_client");
    }

    [Fact]
    [Case(62)]
    public async Task OverlongCredentials_AreAnInvalidClient()
    {
        foreach (var node in host.Nodes)
        {
            await node.Client.BasicAsync($"{new string('a', 600)}:b", Grant).RefusedAsync(HttpStatusCode.Unauthorized, "invalid_client");
            await node.Client.BasicAsync($"basic:{new string('a', 9000)}", Grant).RefusedAsync(HttpStatusCode.Unauthorized, "invalid_client");
            await node.Client.TokenAsync(Grant, ("client_id", "post"), ("client_secret", new string('a', 50_000))).RefusedAsync(HttpStatusCode.Unauthorized, "invalid_client");
        }
    }

    [Fact]
    [Case(61)]
    public async Task DisabledWhileRunning_IsRefusedOnBothNodesAtOnce()
    {
        await host.Client.BasicAsync($"basic:{Secret}", Grant).GrantedAsync();
        await host.ChangeApplicationAsync("basic", "enabled = false");
        try
        {
            foreach (var node in host.Nodes)
                await node.Client.BasicAsync($"basic:{Secret}", Grant).RefusedAsync(HttpStatusCode.Unauthorized, "invalid_client");
        }
        finally
        {
            await host.ChangeApplicationAsync("basic", "enabled = true");
        }
    }
}
