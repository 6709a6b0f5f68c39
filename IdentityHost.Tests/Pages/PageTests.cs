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
    [InlineData("/")]
    [InlineData("/?ui_locales=id")]
    [InlineData("/users/away")]
    public async Task No_axe_violation_and_no_sideways_scrolling(string path)
    {
        await using var context = await browser.OpenAsync(PageLook.ForAxe);
        var page = await context.NewPageAsync();
        await page.GotoAsync(address + path);
        await page.MustBeSoundAsync("page" + path);
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
