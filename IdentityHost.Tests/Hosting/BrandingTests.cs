using System.Globalization;
using System.Net;
using IdentityHost.Mail;
using IdentityHost.Tests.Support;
using IdentityHost.Tests.Users;
using Microsoft.Playwright;

namespace IdentityHost.Tests.Hosting;

/// <summary>Two nodes of an operator with a name, a logo and a colour that nobody could read on white.</summary>
public sealed class BrandedHost(TestPostgres postgres) : HostFixture(postgres)
{
    public const string Name = "Kopi <& Sons>";

    protected override IEnumerable<KeyValuePair<string, string?>> Settings =>
        [new("Branding:ProductName", Name), new("Branding:AccentColor", "#ffd400"), new("Branding:Logo", "wwwroot/icon.svg")];
}

/// <summary>The operator's name, logo and colour, wherever people see them.</summary>
public sealed class BrandingTests(BrandedHost host, Browser browser) : IClassFixture<BrandedHost>, IClassFixture<Browser>
{
    [Theory]
    [InlineData("/sign-in", "Sign in to ")]
    [InlineData("/sign-up", "Make your ")]
    [InlineData("/sign-in?ui_locales=id", "Masuk ke ")]
    public async Task Pages_bear_the_name_and_never_ours(string path, string heading)
    {
        foreach (var node in host.Nodes)
        {
            var html = await node.Client.GetStringAsync(new Uri(path, UriKind.Relative));
            var text = WebUtility.HtmlDecode(html);
            Assert.Contains($" · {BrandedHost.Name}</title>", text, StringComparison.Ordinal);
            Assert.Contains($"<span>{BrandedHost.Name}</span>", text, StringComparison.Ordinal);
            Assert.Contains($"<h1>{heading}{BrandedHost.Name}", text, StringComparison.Ordinal);
            // As text, not as markup.
            Assert.DoesNotContain(BrandedHost.Name, html, StringComparison.Ordinal);
            Assert.DoesNotContain("IdentityHost", html, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Mails_are_sent_by_that_name_in_that_colour()
    {
        var mail = host.Nodes[0].Service<MailTemplates>().Render(MailKind.ResetPassword, "/x", CultureInfo.GetCultureInfo("en"));
        Assert.Contains($"Sent by {BrandedHost.Name} at ", mail.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("IdentityHost", mail.Text + mail.Html, StringComparison.Ordinal);
        Assert.DoesNotContain(BrandedHost.Name, mail.Html, StringComparison.Ordinal);
        Assert.Contains($"background:{AccentColor.Of("#ffd400")!.Light};", mail.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Colours_and_logo_are_served_from_here_for_as_long_as_they_stay()
    {
        var html = await host.Client.GetStringAsync(new Uri("/sign-in", UriKind.Relative));
        var assets = host.Nodes[0].Service<IdentityHost.Hosting.BrandAssets>();
        foreach (var (path, type, policy) in new[]
        {
            (assets.Stylesheet!, "text/css; charset=utf-8", "default-src 'none'; frame-ancestors 'none'"),
            (assets.Logo!, "image/svg+xml", "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"),
        })
        {
            Assert.Contains($"\"{path}\"", html, StringComparison.Ordinal);
            foreach (var node in host.Nodes)
            {
                var answer = await node.Client.AskAsync("GET", path);
                answer.MustBe(200);
                Assert.Equal(
                    (type, policy, "nosniff", "public, max-age=31536000, immutable"),
                    (answer.Header("content-type"), answer.Header("content-security-policy"), answer.Header("x-content-type-options"), answer.Header("cache-control")));
                var tag = answer.Header("etag")!;
                (await node.Client.AskAsync("GET", path, null, null, ("If-None-Match", tag))).MustBe(304);
                (await node.Client.AskAsync("HEAD", path)).MustBe(200);
            }
        }
    }

    [Fact]
    public async Task No_password_is_built_from_the_name()
    {
        var answer = await host.Client.PostAsync("/users/register", new { username = BackChannel.NewName(), password = "KopiSons2026" });
        answer.MustBe(400, "weak_password");
    }

    [Theory]
    [InlineData("/sign-in", ColorScheme.Light)]
    [InlineData("/", ColorScheme.Dark)]
    public async Task Whatever_the_colour_it_can_be_read(string path, ColorScheme scheme)
    {
        await using var context = await browser.OpenAsync(new(PageLook.ForAxe) { ColorScheme = scheme });
        var page = await context.NewPageAsync();
        await page.GotoAsync(new Uri(host.Nodes[0].Address, path).ToString());
        Assert.Equal(
            scheme == ColorScheme.Dark ? AccentColor.Of("#ffd400")!.Dark : AccentColor.Of("#ffd400")!.Light,
            (await page.EvaluateAsync<string>("getComputedStyle(document.documentElement).getPropertyValue('--accent')")).Trim());
        Assert.True(await page.EvaluateAsync<bool>("document.querySelector('.brand img').naturalWidth > 0"));
        await page.MustBeSoundAsync($"branded{path}");
    }
}

/// <summary>Colours and logos by themselves.</summary>
public sealed class BrandTests
{
    [Fact]
    public void Every_colour_has_a_shade_that_can_be_read_in_each_scheme()
    {
        for (var red = 0; red < 256; red += 51)
        {
            for (var green = 0; green < 256; green += 51)
            {
                for (var blue = 0; blue < 256; blue += 51)
                {
                    var accent = AccentColor.Of($"#{red:x2}{green:x2}{blue:x2}")!;
                    // As text on both grounds of a scheme, and under the text that stands on it.
                    Assert.All(["#ffffff", "#f3f6f5", AccentColor.OnLight], ground => Assert.InRange(AccentColor.Contrast(accent.Light, ground), 4.5, 21));
                    Assert.All(["#121817", "#1c2523", AccentColor.OnDark], ground => Assert.InRange(AccentColor.Contrast(accent.Dark, ground), 4.5, 21));
                }
            }
        }
    }

    [Fact]
    public void A_colour_that_can_be_read_stays_as_it_is() =>
        Assert.Equal(("#0b6e5f", "#ffd400"), (AccentColor.Of("#0B6E5F")!.Light, AccentColor.Of("#ffd400")!.Dark));

    /// <summary>The grounds that shades are made for are those of the stylesheet.</summary>
    [Fact]
    public void The_stylesheet_has_the_grounds_that_were_reckoned_with()
    {
        var css = File.ReadAllText(Path.Combine(Repository.Root, "wwwroot", "site.css"));
        foreach (var token in new[] { "--ground: #ffffff", "--raised: #f3f6f5", "--ground: #121817", "--raised: #1c2523", $"--accent: {AccentColor.Default.Light}", $"--accent: {AccentColor.Default.Dark}" })
            Assert.Contains(token, css, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 10"/>""", 4)]
    [InlineData("""<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="30px" height="10"></svg>""", 3)]
    [InlineData("""<svg xmlns="http://www.w3.org/2000/svg"/>""", 0)]
    [InlineData("""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 0"/>""", 0)]
    [InlineData("""<svg viewBox="0 0 40 10"/>""", 0)]
    [InlineData("""<!DOCTYPE svg [<!ENTITY x "y">]><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 10">&x;</svg>""", 0)]
    [InlineData("""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 10"><g></svg>""", 0)]
    [InlineData("<html><script>alert(1)</script></html>", 0)]
    [InlineData("""{ "ConnectionStrings": {} }""", 0)]
    [InlineData("", 0)]
    public void A_logo_is_what_its_bytes_are(string content, double ratio) =>
        Assert.Equal(ratio, BrandLogo.Of(System.Text.Encoding.UTF8.GetBytes(content))?.Ratio ?? 0);

    [Fact]
    public void Png_and_Jpeg_tell_their_size()
    {
        byte[] png = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13, .. "IHDR"u8, 0, 0, 0, 60, 0, 0, 0, 20, 8, 6, 0, 0, 0];
        Assert.Equal(("image/png", 3), (BrandLogo.Of(png)!.ContentType, BrandLogo.Of(png)!.Ratio));
        byte[] jpeg = [0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 1, 2, 0xFF, 0xC0, 0, 11, 8, 0, 10, 0, 50, 1, 1, 0x11, 0];
        Assert.Equal(("image/jpeg", 5), (BrandLogo.Of(jpeg)!.ContentType, BrandLogo.Of(jpeg)!.Ratio));
        Assert.Null(BrandLogo.Of(png[..20]));
        Assert.Null(BrandLogo.Of(jpeg[..9]));
    }
}
