using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Pages.Docs;

/// <summary>The page <c>/docs</c> in a browser, under its own policy.</summary>
[Collection(SharedHost.Name)]
public sealed class DocsPageTests(HostFixture host, Browser browser) : IClassFixture<Browser>
{
    [Fact]
    public async Task Password_and_refresh_are_tried_from_the_page()
    {
        var (username, _) = await host.Client.RegisterAsync();
        await using var context = await browser.OpenAsync(new());
        var page = await context.NewPageAsync();
        var complaints = new List<string>();
        page.Console += (_, message) => complaints.Add(message.Text);
        await page.GotoAsync(new Uri(host.Nodes[0].Address, "/docs").ToString());
        await page.FillAsync("#try-username", username);
        await page.FillAsync("#try-password", BackChannel.Password);
        await page.ClickAsync("button[value=password]");
        await page.WaitForSelectorAsync("#try-answer:has-text('access_token')");
        var first = await page.TextContentAsync("#try-answer");
        await page.ClickAsync("button[value=refresh]");
        await Eventually.TrueAsync(async () => await page.TextContentAsync("#try-answer") != first, TimeSpan.FromSeconds(10));
        var second = await page.TextContentAsync("#try-answer");
        Assert.StartsWith("200", second, StringComparison.Ordinal);
        Assert.Contains("access_token", second!, StringComparison.Ordinal);
        await page.ClickAsync("button[value=current]");
        await page.WaitForSelectorAsync($"#try-answer:has-text('{username}')");
        // Nothing of it is kept.
        Assert.Equal(0, await page.EvaluateAsync<int>("localStorage.length + sessionStorage.length"));
        Assert.Empty(complaints);
    }

    [Fact]
    public async Task Only_scripts_of_this_host_run_there()
    {
        using var answer = await host.Client.GetAsync("/docs");
        var policy = answer.Headers.GetValues("Content-Security-Policy").Single();
        Assert.Contains("script-src 'self';", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        var html = await answer.Content.ReadAsStringAsync();
        Assert.DoesNotContain("https://", html, StringComparison.Ordinal);
        Assert.Contains("PATCH /users/current", html, StringComparison.Ordinal);
    }
}
