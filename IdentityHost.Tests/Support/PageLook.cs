using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace IdentityHost.Tests.Support;

/// <summary>How a page is looked at: in both colour schemes, on a phone and on a desk.</summary>
static class PageLook
{
    /// <summary>axe puts its script into the page, which the policy rightly refuses; only where it runs the policy is set aside.</summary>
    public static BrowserNewContextOptions ForAxe => new() { BypassCSP = true };

    /// <summary>No violation for axe and no sideways scrolling, in any of the four. The page stays open: its media change, not the page.</summary>
    /// <param name="page">The page as it stands, in a context <see cref="ForAxe"/>.</param>
    /// <param name="view">What its pictures are called, where some are wanted: into the folder that <c>SCREENSHOTS</c> names.</param>
    public static async Task MustBeSoundAsync(this IPage page, string view)
    {
        foreach (var scheme in (ColorScheme[])[ColorScheme.Light, ColorScheme.Dark])
        {
            await page.EmulateMediaAsync(new() { ColorScheme = scheme });
            foreach (var width in (int[])[320, 1280])
            {
                await page.SetViewportSizeAsync(width, 900);
                var result = await page.RunAxe();
                Assert.Empty(result.Violations.Select(v => $"{scheme} {width}: {v.Id}: {string.Join("; ", v.Nodes.Select(n => n.Html))}"));
                Assert.Equal((scheme, width), (scheme, await page.EvaluateAsync<int>("document.documentElement.scrollWidth")));
                await TakePictureAsync(page, $"{view}-{scheme}-{width}");
            }
        }
    }

    static async Task TakePictureAsync(IPage page, string name)
    {
        if (Environment.GetEnvironmentVariable("SCREENSHOTS") is not { Length: > 0 } folder)
            return;
        var file = new string([.. name.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-')]);
        await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{file}.png"), FullPage = true });
    }
}
