using System.Net;

namespace IdentityHost.Tests.Hosting;

/// <summary>Headers browsers act on.</summary>
public sealed class HeaderTests(HostingFixture host) : IClassFixture<HostingFixture>
{
    static string? Header(HttpResponseMessage answer, string name) => answer.Headers.TryGetValues(name, out var values) ? string.Join(", ", values) : null;

    [Theory]
    [InlineData("/")]
    [InlineData("/error")]
    [InlineData("/nothing-here")]
    [Case(19)]
    public async Task Pages_cannot_be_framed_and_load_nothing_from_elsewhere(string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { { "Accept", "text/html" } } };
        using var answer = await host.Client.SendAsync(request);
        Assert.Equal("text/html", answer.Content.Headers.ContentType?.MediaType);
        var policy = Header(answer, "Content-Security-Policy");
        Assert.Equal("default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; base-uri 'none'; frame-ancestors 'none'", policy);
        Assert.Equal("DENY", Header(answer, "X-Frame-Options"));
        Assert.Equal("no-referrer", Header(answer, "Referrer-Policy"));
        Assert.Equal("nosniff", Header(answer, "X-Content-Type-Options"));
        Assert.Equal("same-origin", Header(answer, "Cross-Origin-Opener-Policy"));
        Assert.Contains("camera=()", Header(answer, "Permissions-Policy"), StringComparison.Ordinal);
        Assert.True(answer.Headers.CacheControl?.NoStore);
    }

    [Fact]
    [Case(20)]
    public async Task Another_origin_is_told_nothing()
    {
        foreach (var method in new[] { HttpMethod.Get, HttpMethod.Options })
        {
            using var request = new HttpRequestMessage(method, "/users/probe") { Headers = { { "Origin", "https://evil.example" }, { "Access-Control-Request-Method", "GET" } } };
            using var answer = await host.Client.SendAsync(request);
            Assert.Null(Header(answer, "Access-Control-Allow-Origin"));
        }
    }

    [Fact]
    public async Task Api_answers_carry_the_least_policy()
    {
        using var answer = await host.Client.GetAsync("/users/probe");
        Assert.Equal("default-src 'none'; frame-ancestors 'none'", Header(answer, "Content-Security-Policy"));
        Assert.Equal("nosniff", Header(answer, "X-Content-Type-Options"));
    }

    [Fact]
    [Case(202)]
    public async Task Https_for_a_year_and_no_redirect_of_plain_http()
    {
        using var answer = await host.Client.GetAsync("/users/probe");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("max-age=31536000; includeSubDomains", Header(answer, "Strict-Transport-Security"));
    }

    [Fact]
    [Case(202)]
    public async Task An_http_issuer_asks_for_no_https()
    {
        await using var app = await HostingFixture.StartAsync(new() { ["Issuer"] = "http://localhost:5000" }, environment: "Development");
        using var client = HostingFixture.ClientOf(HostingFixture.PortOf(app));
        using var answer = await client.GetAsync("/users/probe");
        Assert.Null(Header(answer, "Strict-Transport-Security"));
    }

    [Fact]
    public async Task Files_are_kept_by_the_browser_and_asked_for_again_by_tag()
    {
        using var first = await host.Client.GetAsync("/site.css");
        Assert.Equal(TimeSpan.FromHours(1), first.Headers.CacheControl?.MaxAge);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/site.css?v=1") { Headers = { IfNoneMatch = { first.Headers.ETag! } } };
        using var second = await host.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
        Assert.Equal(TimeSpan.FromDays(365), second.Headers.CacheControl?.MaxAge);
    }
}
