using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.Options;

namespace IdentityHost.Tests.Hosting;

/// <summary>Who the host says it is, whatever the request says.</summary>
public sealed class HostTests(HostingFixture host) : IClassFixture<HostingFixture>
{
    static async Task<JsonElement> ProbeAsync(HttpClient client, string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        using var answer = await client.SendAsync(request);
        answer.EnsureSuccessStatusCode();
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }

    [Fact]
    [Case(116)]
    [Case(194)]
    public async Task Host_header_changes_nothing()
    {
        var seen = await ProbeAsync(host.Client, "/users/probe", ("Host", "evil.example"), ("X-Forwarded-Host", "evil.example"), ("Forwarded", "host=evil.example"));
        Assert.Equal("https://id.example.com/users/probe", seen.GetProperty("url").GetString());
        Assert.Equal("id.example.com", seen.GetProperty("header").GetString());
    }

    [Fact]
    [Case(194)]
    public async Task Absolute_form_target_changes_nothing()
    {
        var answer = await host.Wire.SendAsync("GET http://evil.example/users/probe HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
        Assert.DoesNotContain("evil", answer.Text, StringComparison.Ordinal);
        Assert.Equal(200, answer.Status);
    }

    [Fact]
    [Case(194)]
    public async Task Forwarded_headers_from_a_stranger_are_ignored()
    {
        var seen = await ProbeAsync(host.Client, "/users/probe", ("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-Proto", "http"));
        Assert.Equal("127.0.0.1", seen.GetProperty("peer").GetString());
        Assert.StartsWith("https://", seen.GetProperty("url").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("127.0.0.0/8", "203.0.113.9", "203.0.113.9")]
    [InlineData("127.0.0.1", "1.1.1.1, 203.0.113.9", "203.0.113.9")]
    [InlineData("127.0.0.0/8, 203.0.113.0/24", "198.51.100.7, 203.0.113.9", "198.51.100.7")]
    [InlineData("10.0.0.0/8", "203.0.113.9", "127.0.0.1")]
    public async Task Forwarded_for_counts_back_to_the_first_address_that_is_no_proxy(string networks, string header, string peer)
    {
        await using var app = await HostingFixture.StartAsync(new() { ["Proxy:KnownNetworks"] = networks });
        using var client = HostingFixture.ClientOf(HostingFixture.PortOf(app));
        var seen = await ProbeAsync(client, "/users/probe", ("X-Forwarded-For", header), ("X-Forwarded-Host", "evil.example"));
        Assert.Equal(peer, seen.GetProperty("peer").GetString());
        Assert.Equal("https://id.example.com/users/probe", seen.GetProperty("url").GetString());
    }

    [Theory]
    [InlineData("/tenant/users/probe")]
    [InlineData("/users/probe")]
    public async Task Issuer_with_a_path_is_the_path_base(string path)
    {
        await using var app = await HostingFixture.StartAsync(new() { ["Issuer"] = "https://id.example.com:8443/tenant" });
        using var client = HostingFixture.ClientOf(HostingFixture.PortOf(app));
        var seen = await ProbeAsync(client, path);
        Assert.Equal("https://id.example.com:8443/tenant/users/probe", seen.GetProperty("url").GetString());
    }

    [Theory]
    [InlineData("", "it is not set")]
    [InlineData("id.example.com", "not an absolute URL")]
    [InlineData("ftp://id.example.com", "not an absolute URL")]
    [InlineData("https://id.example.com/", "Set it to https://id.example.com.")]
    [InlineData("https://id.example.com?a=b", "query or fragment")]
    [InlineData("https://id.example.com#a", "query or fragment")]
    [InlineData("https://me:you@id.example.com", "user name")]
    [InlineData("http://id.example.com", "Set it to https://id.example.com")]
    [InlineData("https://ID.example.com", "Set it to https://id.example.com")]
    [InlineData("https://id.example.com:443", "Set it to https://id.example.com")]
    public void Issuer_that_cannot_work_stops_the_start(string issuer, string says)
    {
        var refusal = Assert.Throws<InvalidOperationException>(() => HostingFixture.Build(new() { ["Issuer"] = issuer }));
        Assert.Contains($"Issuer is \"{issuer}\"", refusal.Message, StringComparison.Ordinal);
        Assert.Contains(says, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Proxy_network_that_is_none_stops_the_start()
    {
        await using var app = HostingFixture.Build(new() { ["Proxy:KnownNetworks:0"] = "10.0.0.0/99" });
        var refusal = await Assert.ThrowsAsync<OptionsValidationException>(() => app.StartAsync());
        Assert.Contains("Proxy:KnownNetworks holds \"10.0.0.0/99\"", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/api/users/probe", 200)]
    [InlineData("/API/Users/probe", 200)]
    [InlineData("/api/usersx", 404)]
    [InlineData("/api/connect/probe", 404)]
    [InlineData("/api/api/users/probe", 404)]
    [InlineData("/api//users/probe", 404)]
    [InlineData("/api", 404)]
    [InlineData("/apix/users/probe", 404)]
    [InlineData("/usersx", 200)]
    public async Task Api_prefix_is_for_the_users_API_only(string path, int status)
    {
        using var answer = await host.Client.GetAsync(path);
        Assert.Equal(status, (int)answer.StatusCode);
    }

    [Fact]
    public async Task Api_prefix_leaves_no_trace()
    {
        var seen = await ProbeAsync(host.Client, "/api/users/probe");
        Assert.Equal("https://id.example.com/users/probe", seen.GetProperty("url").GetString());
        Assert.Equal("", seen.GetProperty("path_base").GetString());
    }
}
