using System.Net;
using System.Text.Json.Nodes;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Conformance;

/// <summary>The provider's metadata, which the suite takes every address from.</summary>
static class Metadata
{
    public static async Task<JsonObject> ReadAsync(HostFixture host)
    {
        using var answer = await host.Client.GetAsync("/.well-known/openid-configuration");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("application/json", answer.Content.Headers.ContentType!.MediaType);
        return await answer.JsonAsync();
    }

    /// <summary>The path of one of its addresses, which must be under the issuer.</summary>
    public static async Task<string> PathAsync(HostFixture host, string name)
    {
        var metadata = await ReadAsync(host);
        Assert.True(metadata.ContainsKey(name), $"{name} is not in the metadata.");
        var address = metadata[name]!.GetValue<string>();
        Assert.StartsWith(HostFixture.Issuer + "/", address, StringComparison.Ordinal);
        return address[HostFixture.Issuer.Length..];
    }

    public static async Task<IReadOnlyList<JsonObject>> KeysAsync(HostFixture host)
    {
        using var answer = await host.Client.GetAsync(await PathAsync(host, "jwks_uri"));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        List<JsonObject> keys = [.. (await answer.JsonAsync())["keys"]!.AsArray().Select(k => k!.AsObject())];
        // Each named, no name twice, and nothing private.
        Assert.Equal(keys.Count, keys.Select(k => k["kid"]!.GetValue<string>()).Distinct(StringComparer.Ordinal).Count());
        Assert.All(keys, k => Assert.Empty(k.Select(m => m.Key).Intersect(["d", "p", "q", "dp", "dq", "qi", "oth", "k"])));
        Assert.All(keys, k => Assert.Equal("sig", k["use"]!.GetValue<string>()));
        return keys;
    }
}
