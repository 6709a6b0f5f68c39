using System.Net;
using System.Text.Json.Nodes;
using IdentityHost.Tests.Protocol.Registration;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol.Endpoints;

/// <summary>A host with an application in a browser, and where others may register theirs.</summary>
public sealed class CrossOriginHost(TestPostgres postgres) : HostFixture(postgres)
{
    public const string Origin = "https://spa.example.com";

    protected override IEnumerable<KeyValuePair<string, string?>> Settings =>
    [
        new("Registration:Open", "true"),
        new("Applications:20:ClientId", "spa"),
        new("Applications:20:GrantTypes:0", "password"),
        new("Applications:20:Scopes:0", "openid"),
        new("Applications:20:AllowedOrigins:0", Origin),
    ];
}

/// <summary>Scripts of registered origins may read the answers that an application in a browser needs; no others, and never with cookies.</summary>
public sealed class CrossOriginTests(CrossOriginHost host) : IClassFixture<CrossOriginHost>
{
    const string Allow = "Access-Control-Allow-Origin";

    [Theory]
    [InlineData("/connect/token", "POST", "POST")]
    [InlineData("/connect/revoke", "POST", "POST")]
    [InlineData("/connect/userinfo", "GET", "GET, POST")]
    public async Task Preflight_of_a_registered_origin_is_answered_without_the_database(string path, string method, string methods)
    {
        foreach (var node in host.Nodes)
        {
            // The first one after a change reads the origins.
            using (await PreflightAsync(node, path, CrossOriginHost.Origin, method))
            {
            }
            using var counter = new SqlCounter();
            using var response = await PreflightAsync(node, path, CrossOriginHost.Origin, method, counter.TraceParent);
            await counter.RequestEndedAsync();
            Assert.Empty(counter.Statements);
            Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
            Assert.Equal(CrossOriginHost.Origin, Header(response, Allow));
            Assert.Equal(methods, Header(response, "Access-Control-Allow-Methods"));
            Assert.Equal("authorization, content-type", Header(response, "Access-Control-Allow-Headers"));
            Assert.Equal("Origin", Header(response, "Vary"));
            Assert.Null(Header(response, "Access-Control-Allow-Credentials"));
        }
    }

    [Theory]
    [Case(20)]
    [InlineData("https://evil.example")]
    [InlineData("null")]
    [InlineData("")]
    [InlineData("*")]
    [InlineData("https://spa.example.com.evil.example")]
    [InlineData("https://evil-spa.example.com")]
    [InlineData("http://spa.example.com")]
    [InlineData("https://spa.example.com:8443")]
    [InlineData("https://SPA.example.com")]
    [InlineData("https://spa.example.com/")]
    [InlineData("https://spa.example.com, https://evil.example")]
    public async Task Other_origins_may_read_nothing(string origin)
    {
        foreach (var node in host.Nodes)
        {
            foreach (var path in new[] { "/connect/token", "/connect/revoke", "/connect/userinfo", "/CONNECT/TOKEN" })
            {
                using var preflight = await PreflightAsync(node, path, origin, "POST");
                using var post = await SendAsync(node, HttpMethod.Post, path, origin);
                foreach (var response in new[] { preflight, post })
                {
                    Assert.Null(Header(response, Allow));
                    Assert.Null(Header(response, "Access-Control-Allow-Methods"));
                    Assert.Equal("Origin", Header(response, "Vary"));
                }
            }
        }
    }

    [Theory]
    [Case(20)]
    [InlineData("/connect/authorize")]
    [InlineData("/connect/introspect")]
    [InlineData("/connect/register")]
    [InlineData("/connect/logout")]
    [InlineData("/users/current")]
    [InlineData("/sign-in")]
    public async Task No_script_reads_what_is_not_for_scripts(string path)
    {
        foreach (var node in host.Nodes)
        {
            foreach (var origin in new[] { "https://evil.example", CrossOriginHost.Origin, "null" })
            {
                foreach (var method in new[] { HttpMethod.Get, HttpMethod.Post, HttpMethod.Options })
                {
                    using var response = await SendAsync(node, method, path, origin);
                    Assert.Null(Header(response, Allow));
                }
                using var preflight = await PreflightAsync(node, path, origin, "GET");
                Assert.Null(Header(preflight, Allow));
            }
        }
    }

    [Fact]
    public async Task Refusals_and_answers_can_be_read_by_the_origin()
    {
        foreach (var node in host.Nodes)
        {
            foreach (var path in new[] { "/connect/token", "/connect/userinfo" })
            {
                using var response = await SendAsync(node, HttpMethod.Post, path, CrossOriginHost.Origin);
                Assert.True((int)response.StatusCode is 400 or 401);
                Assert.Equal(CrossOriginHost.Origin, Header(response, Allow));
                Assert.Equal("WWW-Authenticate, Retry-After", Header(response, "Access-Control-Expose-Headers"));
            }
        }
    }

    [Theory]
    [InlineData("/.well-known/openid-configuration")]
    [InlineData("/.well-known/oauth-authorization-server")]
    [InlineData("/.well-known/jwks")]
    public async Task Public_documents_are_everybody_s(string path)
    {
        foreach (var node in host.Nodes)
        {
            foreach (var origin in new[] { null, "https://anybody.example", "null" })
            {
                using var response = await SendAsync(node, HttpMethod.Get, path, origin);
                Assert.Equal((HttpStatusCode.OK, "*"), (response.StatusCode, Header(response, Allow)));
                Assert.Null(Header(response, "Access-Control-Allow-Credentials"));
            }
            using var preflight = await PreflightAsync(node, path, "https://anybody.example", "GET");
            Assert.Equal((HttpStatusCode.NoContent, "*"), (preflight.StatusCode, Header(preflight, Allow)));
        }
    }

    [Fact]
    public async Task Public_application_that_registers_opens_its_own_origins_on_every_node_until_it_goes()
    {
        const string Own = "https://my-spa.example";
        var client = await host.Client.RegisteredAsync(
            null,
            ("token_endpoint_auth_method", "none"),
            ("redirect_uris", new JsonArray($"{Own}/callback", $"{Own}:8443/x", "http://localhost:3000/cb", "com.example.app:/cb")));
        await host.FeedReadAsync();
        foreach (var node in host.Nodes)
        {
            foreach (var (origin, open) in new[] { (Own, true), ($"{Own}:8443", true), ("http://localhost:3000", false), ("com.example.app:", false) })
            {
                using var preflight = await PreflightAsync(node, "/connect/token", origin, "POST");
                Assert.Equal(open ? origin : null, Header(preflight, Allow));
            }
        }
        // One that keeps a secret has no business in a browser, and a native one is none.
        await host.Client.RegisteredAsync(null, ("redirect_uris", new JsonArray("https://server.example/cb")));
        await host.Client.RegisteredAsync(null, ("redirect_uris", new JsonArray("https://native.example/cb")), ("token_endpoint_auth_method", "none"), ("application_type", "native"));
        using (await host.Client.ManageAsync(HttpMethod.Delete, client))
            await host.FeedReadAsync();
        foreach (var node in host.Nodes)
        {
            foreach (var origin in new[] { Own, "https://server.example", "https://native.example" })
            {
                using var preflight = await PreflightAsync(node, "/connect/token", origin, "POST");
                Assert.Null(Header(preflight, Allow));
            }
        }
    }

    static string? Header(HttpResponseMessage response, string name) => response.Headers.TryGetValues(name, out var values) ? string.Join(", ", values) : null;

    static Task<HttpResponseMessage> PreflightAsync(HostNode node, string path, string origin, string method, string? trace = null) =>
        SendAsync(node, HttpMethod.Options, path, origin, ("Access-Control-Request-Method", method), ("Access-Control-Request-Headers", "authorization"), ("traceparent", trace));

    static Task<HttpResponseMessage> SendAsync(HostNode node, HttpMethod method, string path, string? origin, params (string Name, string? Value)[] headers)
    {
        var request = new HttpRequestMessage(method, path);
        foreach (var (name, value) in headers.Append(("Origin", origin)))
        {
            if (value is not null)
                request.Headers.TryAddWithoutValidation(name, value);
        }
        if (method == HttpMethod.Post)
            request.Content = new FormUrlEncodedContent([new("token", "x")]);
        return node.Client.SendAsync(request);
    }
}
