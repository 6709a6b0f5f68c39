using Deque.AxeCore.Playwright;
using IdentityHost.Tests.Hosting;
using IdentityHost.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.Playwright;

namespace IdentityHost.Tests.Pages;

/// <summary>The pages in a browser, under the policy they are served with.</summary>
public sealed class PageTests(Browser browser) : IClassFixture<Browser>, IAsyncLifetime
{
    WebApplication app = null!;
    string address = "";

    public async ValueTask InitializeAsync()
    {
        app = await HostingFixture.StartAsync(new() { ["Issuer"] = "http://localhost:5000" }, environment: "Development");
        address = $"http://127.0.0.1:{HostingFixture.PortOf(app)}";
    }

    public async ValueTask DisposeAsync() => await app.DisposeAsync();

    [Theory]
    [EveryView]
    public async Task No_axe_violation_and_no_sideways_scrolling(string path, ColorScheme scheme, int width)
    {
        // axe puts its script into the page, which the policy rightly refuses; only here it is set aside.
        await using var context = await browser.OpenAsync(new() { BypassCSP = true, ColorScheme = scheme, ViewportSize = new() { Width = width, Height = 900 } });
        var page = await context.NewPageAsync();
        await page.GotoAsync(address + path);
        var result = await page.RunAxe();
        Assert.Empty(result.Violations.Select(v => $"{v.Id}: {string.Join("; ", v.Nodes.Select(n => n.Html))}"));
        Assert.Equal(width, await page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
        await Screenshots.TakeAsync(page, path, scheme, width);
    }

    [Fact]
    public async Task Pages_work_under_their_own_policy_without_a_complaint()
    {
        await using var context = await browser.OpenAsync(new());
        var page = await context.NewPageAsync();
        var complaints = new List<string>();
        page.Console += (_, message) => complaints.Add(message.Text);
        page.RequestFailed += (_, request) => complaints.Add(request.Url);
        await page.GotoAsync(address);
        Assert.Equal("An identity server runs here", await page.TextContentAsync("h1"));
        Assert.NotEqual("rgba(0, 0, 0, 0)", await page.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor"));
        Assert.True(await page.EvaluateAsync<bool>("document.querySelector('.brand img').naturalWidth > 0"));
        Assert.Empty(complaints);
    }

    [Fact]
    public async Task Keyboard_reaches_the_content_first_and_shows_where_it_is()
    {
        await using var context = await browser.OpenAsync(new());
        var page = await context.NewPageAsync();
        await page.GotoAsync(address);
        await page.Keyboard.PressAsync("Tab");
        Assert.Equal("Skip to the content", await page.TextContentAsync(":focus"));
        Assert.Equal("solid", await page.EvaluateAsync<string>("getComputedStyle(document.activeElement).outlineStyle"));
        await page.Keyboard.PressAsync("Enter");
        await page.Keyboard.PressAsync("Tab");
        Assert.True(await page.EvaluateAsync<bool>("document.querySelector('main').contains(document.activeElement)"));
    }
}

/// <summary>Every page in both colour schemes, on the narrowest phone and on a desk.</summary>
sealed class EveryViewAttribute : Xunit.v3.DataAttribute
{
    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(System.Reflection.MethodInfo testMethod, Xunit.Sdk.DisposalTracker disposalTracker) =>
        new([
            .. from path in new[] { "/", "/?ui_locales=id", "/users/away" }
               from scheme in new[] { ColorScheme.Light, ColorScheme.Dark }
               from width in new[] { 320, 1280 }
               select new TheoryDataRow(path, scheme, width),
        ]);

    public override bool SupportsDiscoveryEnumeration() => true;
}
