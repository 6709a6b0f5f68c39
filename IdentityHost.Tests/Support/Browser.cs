using Microsoft.Playwright;

namespace IdentityHost.Tests.Support;

/// <summary>
/// A Chromium for the tests of one class, found at <c>CHROMIUM</c> or where Debian puts it. Without one the tests are skipped on a laptop and fail
/// where <c>CI=true</c>.
/// </summary>
public sealed class Browser : IAsyncLifetime
{
    static readonly string[] Switches =
    [
        // The sandbox needs privileges that containers lack; the pages are our own. The rest keeps the browser from calling home.
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ];

    IPlaywright? playwright;
    IBrowser? browser;

    public async ValueTask InitializeAsync()
    {
        var path = Environment.GetEnvironmentVariable("CHROMIUM") is { Length: > 0 } given ? given : "/usr/bin/chromium";
        if (!File.Exists(path))
            return;
        playwright = await Playwright.CreateAsync();
        browser = await playwright.Chromium.LaunchAsync(new() { ExecutablePath = path, Args = Switches });
    }

    /// <summary>A new browser profile: no cookies, nothing cached. Dispose it.</summary>
    public async Task<IBrowserContext> OpenAsync(BrowserNewContextOptions options)
    {
        if (browser is null)
        {
            const string Missing = "These tests need Chromium: apt-get install chromium, or set CHROMIUM to its path.";
            Assert.SkipUnless(Environment.GetEnvironmentVariable("CI") == "true", Missing);
            Assert.Fail(Missing);
        }
        return await browser.NewContextAsync(options);
    }

    public async ValueTask DisposeAsync()
    {
        if (browser is not null)
            await browser.DisposeAsync();
        playwright?.Dispose();
    }
}
