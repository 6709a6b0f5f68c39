using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace IdentityHost.Tests.Hosting;

/// <summary>What the host answers when nothing else does.</summary>
public sealed class ErrorTests(HostingFixture host) : IClassFixture<HostingFixture>
{
    async Task<(HttpResponseMessage Answer, string Body)> GetAsync(string path, string accept = "*/*")
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("Accept", accept);
        var answer = await host.Client.SendAsync(request);
        return (answer, await answer.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("TRACE", 405)]
    [InlineData("PROPFIND", 405)]
    [InlineData("get", 405)]
    [InlineData("OPTIONS", 200)]
    [Case(178)]
    public async Task Methods_we_do_not_have_are_refused(string method, int status)
    {
        var answer = await host.Wire.SendAsync($"{method} /users/probe HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Marker: echoed\r\n\r\n");
        Assert.Equal(status, answer.Status);
        Assert.DoesNotContain("echoed", answer.Text, StringComparison.Ordinal);
        if (status == 405)
            Assert.Contains("Allow: GET, HEAD", answer.Text, StringComparison.Ordinal);
    }

    [Fact]
    [Case(178)]
    public async Task A_method_cannot_be_overridden()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/users/probe?_method=DELETE") { Headers = { { "X-HTTP-Method-Override", "DELETE" } } };
        using var answer = await host.Client.SendAsync(request);
        Assert.Contains("\"method\":\"POST\"", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("not json")]
    [InlineData("""{"name":"\ud800"}""")]
    [InlineData("""{"name":["a"]}""")]
    [InlineData("""{"name":"a","name":"b"}""")]
    [InlineData("""{"weight":[1]}""")]
    [InlineData("""{"weight":"1e309"}""")]
    [InlineData("depth")]
    [Case(198)]
    [Case(199)]
    public async Task Json_we_cannot_read_is_the_clients_mistake(string body)
    {
        if (body == "depth")
            body = string.Concat(Enumerable.Repeat("{\"name\":", 1000)) + "1" + new string('}', 1000);
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await host.Client.PostAsync("/users/json", content);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    [Case(198)]
    public async Task Bytes_that_are_not_UTF8_are_refused()
    {
        byte[][] bodies = [[.. "{\"name\":\""u8, 0xC3, 0x28, .. "\"}"u8], Encoding.Unicode.GetBytes("{\"name\":\"a\"}"), [0x1F, 0x8B, 8, 0]];
        foreach (var bytes in bodies)
        {
            using var content = new ByteArrayContent(bytes) { Headers = { { "Content-Type", "application/json" } } };
            using var answer = await host.Client.PostAsync("/users/json", content);
            Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        }
        using var text = new StringContent("name=a");
        using var refused = await host.Client.PostAsync("/users/json", text);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, refused.StatusCode);
    }

    [Theory]
    [InlineData("/%2e%2e/users/probe", 200)]
    [InlineData("/users/../users/probe", 200)]
    [InlineData("/%2e%2e/%2e%2e/etc/passwd", 404)]
    [InlineData("//users/probe", 404)]
    [InlineData("/users;x/probe", 404)]
    [InlineData("/users/probe/x.css", 404)]
    [InlineData("/users%2fprobe", 404)]
    [Case(200)]
    public async Task Paths_are_what_they_normalise_to(string path, int status)
    {
        var answer = await host.Wire.SendAsync($"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        Assert.Equal(status, answer.Status);
        if (status == 404)
            Assert.Contains("Cache-Control: no-store", answer.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/.git/config")]
    [InlineData("/appsettings.json")]
    [InlineData("/metrics")]
    [InlineData("/swagger")]
    [InlineData("/Pages/Index.cshtml")]
    [InlineData("/IdentityHost.dll")]
    [Case(201)]
    public async Task What_is_not_served_is_not_found(string path)
    {
        var (answer, body) = await GetAsync(path);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        Assert.Equal(404, JsonDocument.Parse(body).RootElement.GetProperty("status").GetInt32());
    }

    [Theory]
    [InlineData("*/*", "application/problem+json")]
    [InlineData("application/json", "application/problem+json")]
    [InlineData("text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", "text/html")]
    [Case(201)]
    public async Task Unhandled_errors_tell_nothing(string accept, string type)
    {
        var (answer, body) = await GetAsync("/users/broken", accept);
        Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
        Assert.Equal(type, answer.Content.Headers.ContentType?.MediaType);
        Assert.DoesNotContain("secret", body, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", body, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", body, StringComparison.Ordinal);
        Assert.False(answer.Headers.Contains("Server"));
        Assert.False(answer.Headers.Contains("X-Powered-By"));
        Assert.True(answer.Headers.CacheControl?.NoStore);
        Assert.Contains("default-src 'none'", answer.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task People_get_the_page_for_a_form_that_went_nowhere_too()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/nothing-here?a=b")
        {
            Headers = { { "Accept", "text/html" } },
            Content = new FormUrlEncodedContent([new("a", "b")]),
        };
        using var answer = await host.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Contains("There is no page here", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Handlers_of_features_come_before_the_general_one()
    {
        await using var app = await HostingFixture.StartAsync(services: services => services.AddExceptionHandler<FeatureHandler>());
        using var client = HostingFixture.ClientOf(HostingFixture.PortOf(app));
        using var answer = await client.GetAsync("/users/broken");
        Assert.Equal("feature 500", await answer.Content.ReadAsStringAsync());
        using var away = await client.GetAsync("/users/away");
        Assert.Equal("application/problem+json", away.Content.Headers.ContentType?.MediaType);
    }

    sealed class FeatureHandler : IExceptionHandler
    {
        public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
        {
            if (exception is not InvalidOperationException)
                return false;
            await httpContext.Response.WriteAsync($"feature {httpContext.Response.StatusCode}", cancellationToken);
            return true;
        }
    }

    [Theory]
    [InlineData("*/*")]
    [InlineData("text/html")]
    public async Task Database_away_is_503_with_a_time_to_come_back(string accept)
    {
        var (answer, body) = await GetAsync("/users/away", accept);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(5), answer.Headers.RetryAfter?.Delta);
        Assert.DoesNotContain("127.0.0.1", body, StringComparison.Ordinal);
        Assert.DoesNotContain("Npgsql", body, StringComparison.Ordinal);
    }
}
