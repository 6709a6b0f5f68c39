using Microsoft.Playwright;

namespace IdentityHost.Tests.Support;

/// <summary>Pictures of the pages for people to look at: into the folder that <c>SCREENSHOTS</c> names, and none without it.</summary>
static class Screenshots
{
    public static async Task TakeAsync(IPage page, string view, ColorScheme scheme, int width)
    {
        if (Environment.GetEnvironmentVariable("SCREENSHOTS") is not { Length: > 0 } folder)
            return;
        var name = new string([.. view.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-')]);
        await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{name}-{scheme}-{width}.png"), FullPage = true });
    }
}
