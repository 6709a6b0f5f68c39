using System.Net;
using System.Text.RegularExpressions;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Pages;

/// <summary>The start page promises only what the whole host answers.</summary>
[Collection(SharedHost.Name)]
public sealed partial class StartPageTests(HostFixture host)
{
    [Fact]
    public async Task Every_link_leads_somewhere()
    {
        var links = Link().Matches(await PageAsync()).Select(match => match.Groups["path"].Value).Where(link => link.StartsWith('/')).Distinct().ToList();
        Assert.Contains("/.well-known/openid-configuration", links);
        foreach (var link in links)
        {
            using var answer = await host.Client.GetAsync(link);
            Assert.True(answer.StatusCode == HttpStatusCode.OK, $"{link}: {(int)answer.StatusCode}");
        }
    }

    /// <summary>Without a token and a body each is refused, but by the operation itself: not as a path or method nobody knows.</summary>
    [Fact]
    public async Task Every_operation_named_exists()
    {
        var operations = Operation().Matches(await PageAsync()).Select(match => (Method: match.Groups["method"].Value, Path: match.Groups["path"].Value)).ToList();
        Assert.Contains(("POST", "/connect/token"), operations);
        foreach (var (method, path) in operations)
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), path.Replace("{id}", "1", StringComparison.Ordinal));
            using var answer = await host.Client.SendAsync(request);
            Assert.True(
                answer.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.Unauthorized or HttpStatusCode.UnsupportedMediaType,
                $"{method} {path}: {(int)answer.StatusCode}");
        }
    }

    async Task<string> PageAsync() => WebUtility.HtmlDecode(await host.Client.GetStringAsync("/"));

    [GeneratedRegex("(href|src)=\"(?<path>[^\"]+)\"", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Link();

    [GeneratedRegex("<code>(?<method>[A-Z]+) (?<path>/[^<]*)</code>", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Operation();
}
