using IdentityHost.Protocol.Clients;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol.Authorize;

/// <summary>What the code flow costs the database, exactly, on a node that knows the application.</summary>
[Collection(AuthorizeHost.Name)]
public sealed class AuthorizeCostTests(AuthorizeHost host)
{
    readonly RelyingParty _app = new(host, AuthorizeHost.Own);
    readonly RelyingParty _asks = new(host, AuthorizeHost.Web);

    /// <summary>The session, the consent, the code.</summary>
    [Fact]
    public async Task With_session_and_consent_a_code_takes_three_statements()
    {
        var (tab, _, _) = await _asks.PersonAsync();
        await _asks.CodeAsync(tab);
        Assert.Equal(["WITH", "SELECT", "WITH"], await CountAsync(() => Get(_asks.Address(), tab)));
    }

    /// <summary>Without a session it is kept for the way by the sign-in page.</summary>
    [Fact]
    public async Task Without_a_session_the_request_is_written_once() => Assert.Equal(["INSERT"], await CountAsync(() => Get(_asks.Address())));

    [Fact]
    public async Task What_is_refused_asks_nothing()
    {
        foreach (var path in new[]
        {
            _app.Address(("redirect_uri", "https://evil.example/cb")), _app.Address(("scope", "x")), _app.Address(("code_challenge", null)), _app.Address(("response_type", "token")),
            _app.Address(("state+", "x")), _app.Address(("prompt", "none")),
        })
            Assert.Empty(await CountAsync(() => Get(path)));
    }

    /// <summary>The use of the code with all that it locks; the grant. In one round trip.</summary>
    [Fact]
    public async Task A_code_is_used_by_two_statements_in_one_round_trip()
    {
        var (tab, _, _) = await _app.PersonAsync();
        var codes = new Queue<(string Code, string Verifier)>();
        foreach (var _ in host.Nodes)
            codes.Enqueue((await _app.CodeAsync(tab, ("scope", "openid offline_access")), _app.Verifier));
        Assert.Equal(["WITH", "WITH"], await CountAsync(() =>
        {
            var (code, verifier) = codes.Dequeue();
            return _app.NewRedemption(code, ("code_verifier", verifier));
        }));
    }

    static HttpRequestMessage Get(string path, Tab? tab = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (tab is not null)
            request.Headers.TryAddWithoutValidation("Cookie", string.Join("; ", tab.Cookies.Select(c => $"{c.Key}={c.Value}")));
        return request;
    }

    async Task<List<string>> CountAsync(Func<HttpRequestMessage> make)
    {
        List<string>? kinds = null;
        foreach (var node in host.Nodes)
        {
            foreach (var client in new[] { AuthorizeHost.Own, AuthorizeHost.Web })
                await node.Service<Applications>().FindAsync(client, default);
            using var counter = new SqlCounter();
            using var request = make();
            request.Headers.TryAddWithoutValidation("traceparent", counter.TraceParent);
            using var response = await node.Client.SendAsync(request);
            await counter.RequestEndedAsync();
            Assert.True((int)response.StatusCode < 500);
            List<string> these = [.. counter.Statements.Select(s => s.Kind)];
            if (kinds is null || these.Count > kinds.Count)
                kinds = these;
        }
        return kinds!;
    }
}
