using System.Net;
using IdentityHost.Protocol.Keys;

namespace IdentityHost.Tests.Protocol.Keys;

/// <summary>What others may keep, and how they ask whether it is still so (RFC 9110 §8.8.3, §13.1.2).</summary>
public sealed class PublishedCacheTests(KeysHost host) : IClassFixture<KeysHost>
{
    [Theory]
    [InlineData(KeysHost.JwksPath)]
    [InlineData("/.well-known/openid-configuration")]
    [InlineData("/.well-known/oauth-authorization-server")]
    public async Task What_has_not_changed_is_not_sent_again(string path)
    {
        var tags = new HashSet<string>(StringComparer.Ordinal);
        foreach (var node in host.Nodes)
        {
            using var full = await node.Client.GetAsync(path);
            var tag = full.Headers.ETag!.ToString();
            Assert.StartsWith("\"", tag, StringComparison.Ordinal);
            tags.Add(tag);
            foreach (var known in (string[])[tag, $"W/{tag}", $"\"other\", {tag}", "*"])
            {
                foreach (var method in (HttpMethod[])[HttpMethod.Get, HttpMethod.Head])
                {
                    using var same = await AskAsync(node.Client, method, path, known);
                    Assert.Equal(HttpStatusCode.NotModified, same.StatusCode);
                    Assert.Equal((tag, "public, max-age=300"), (same.Headers.ETag!.ToString(), same.Headers.CacheControl!.ToString()));
                    Assert.Empty(await same.Content.ReadAsByteArrayAsync());
                }
            }
            foreach (var other in (string[])["\"other\"", tag.Trim('"'), "\"", tag.ToLowerInvariant() + "x", ""])
            {
                using var sent = await AskAsync(node.Client, HttpMethod.Get, path, other);
                Assert.Equal(HttpStatusCode.OK, sent.StatusCode);
                Assert.Equal(full.Content.Headers.ContentLength, (await sent.Content.ReadAsByteArrayAsync()).Length);
            }
        }
        Assert.Single(tags);
    }

    [Fact]
    public async Task A_new_key_has_a_new_tag()
    {
        var before = (await KeysHost.JwksAsync(host.Nodes[0])).ETag;
        await host.Nodes[1].Service<KeyRotation>().RotateAsync(atOnce: false, default);
        await host.NodesFollowAsync();
        foreach (var node in host.Nodes)
        {
            using var answer = await AskAsync(node.Client, HttpMethod.Get, KeysHost.JwksPath, before);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.NotEqual(before, answer.Headers.ETag!.ToString());
        }
    }

    static Task<HttpResponseMessage> AskAsync(HttpClient client, HttpMethod method, string path, string known)
    {
        var request = new HttpRequestMessage(method, path);
        request.Headers.TryAddWithoutValidation("If-None-Match", known);
        return client.SendAsync(request);
    }
}
