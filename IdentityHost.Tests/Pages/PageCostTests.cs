using System.Diagnostics;
using System.Net;
using System.Text.RegularExpressions;
using IdentityHost.Tests.Races;
using IdentityHost.Tests.SignIn;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Pages;

/// <summary>What a page costs whoever opens it, and the server: its weight with all that it loads, its statements, and in the full run its time.</summary>
[Collection(Alone.Name)]
public sealed partial class PageCostTests(HostFixture host) : IClassFixture<HostFixture>
{
    const int Heaviest = 60 * 1024;

    /// <summary>Page, and how many statements it costs a warm node; those of an account begin with the one that judges the cookie.</summary>
    public static TheoryData<string, int> Pages => new()
    {
        { "/", 0 },
        { "/sign-in", 0 },
        { "/sign-up", 0 },
        { "/forgot-password", 0 },
        { "/confirm-email/again", 0 },
        { "/confirm-email?token=x", 0 },
        { "/reset-password?token=x", 0 },
        { "/sign-in/new-password", 0 },
        { "/look-in-mail?for=password", 0 },
        { "/signed-out", 0 },
        { "/nowhere", 0 },
        { "/account", 4 },
        { "/account/email", 3 },
        { "/account/password", 3 },
    };

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task A_page_weighs_less_than_60_KB_with_all_it_loads_and_asks_the_database_little(string path, int statements)
    {
        var tab = await TabAsync(path);
        // Warm: the first request compiles the view and opens a connection.
        for (var i = 0; i < host.Nodes.Count; i++)
            (await tab.GetAsync(path)).Dispose();
        var (html, asked) = await AskAsync(tab, path);
        Assert.Equal(statements, asked);

        var text = WebUtility.HtmlDecode(System.Text.Encoding.UTF8.GetString(html));
        var loaded = Loaded().Matches(text).Select(m => m.Groups["path"].Value).Distinct().ToList();
        Assert.NotEmpty(loaded);
        var weight = html.Length;
        foreach (var resource in loaded)
        {
            Assert.StartsWith("/", resource, StringComparison.Ordinal);
            var bytes = await host.Client.GetByteArrayAsync(new Uri(resource, UriKind.Relative));
            weight += bytes.Length;
        }
        Assert.InRange(weight, 1_000, Heaviest);
    }

    /// <summary>In the full run only: a clock on a machine that others use as well proves nothing.</summary>
    [Theory]
    [MemberData(nameof(Pages))]
    public async Task A_page_costs_less_than_20_ms_on_a_warm_node(string path, int statements)
    {
        Assert.SkipUnless(RaceHost.Full, "IDENTITYHOST_FULL=true");
        _ = statements;
        var tab = await TabAsync(path);
        List<double> times = [];
        for (var i = 0; i < 60; i++)
        {
            var started = Stopwatch.GetTimestamp();
            (await tab.GetAsync(path)).Dispose();
            times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }
        var median = times.Skip(10).Order().ElementAt(25);
        TestContext.Current.SendDiagnosticMessage($"{path}: {median:0.0} ms");
        Assert.InRange(median, 0, 20);
    }

    async Task<(byte[] Html, int Statements)> AskAsync(Tab tab, string path)
    {
        using var counter = new SqlCounter();
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Add("traceparent", counter.TraceParent);
        request.Headers.Add("Accept", "text/html");
        if (tab.Cookies.Count > 0)
            request.Headers.Add("Cookie", string.Join("; ", tab.Cookies.Select(c => $"{c.Key}={c.Value}")));
        using var answer = await host.Client.SendAsync(request);
        var html = await answer.Content.ReadAsByteArrayAsync();
        return (html, (await counter.RequestEndedAsync()).Count);
    }

    async Task<Tab> TabAsync(string path)
    {
        var tab = new Tab(host);
        if (!path.StartsWith("/account", StringComparison.Ordinal))
            return tab;
        var (username, _) = await host.Client.RegisterAsync();
        (await tab.SignInAsync(username, BackChannel.Password)).Dispose();
        return tab;
    }

    /// <summary>Stylesheets, icons and pictures.</summary>
    [GeneratedRegex("(?:<link [^>]*href|<img [^>]*src|<script [^>]*src)=\"(?<path>[^\"]+)\"", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Loaded();
}
