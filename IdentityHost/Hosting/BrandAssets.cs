using System.Security.Cryptography;
using System.Text;
using Microsoft.Net.Http.Headers;

namespace IdentityHost.Hosting;

/// <summary>
/// The operator's colours and logo as files of this host. A small stylesheet of their own, since the policy of pages allows no inline style; both have the
/// hash of their content in their address, so browsers keep them for as long as they stay.
/// </summary>
internal sealed class BrandAssets
{
    const string StylesheetPath = "/brand.css";
    const string LogoPath = "/brand-logo";

    /// <summary>In CSS pixels; site.css gives the mark this height.</summary>
    const int MarkHeight = 28;

    const int WidestMark = 160;

    /// <summary>What stands in an SVG draws, and does nothing else, also for somebody who opens it by itself.</summary>
    const string LogoPolicy = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'";

    readonly byte[]? _stylesheet;
    readonly BrandLogo? _logo;

    public BrandAssets(Branding branding)
    {
        ProductName = branding.ProductName;
        if (branding.Accent is { } accent)
        {
            _stylesheet = Encoding.ASCII.GetBytes(
                $$"""
                :root { --accent: {{accent.Light}}; --on-accent: {{AccentColor.OnLight}}; }
                @media (prefers-color-scheme: dark) { :root { --accent: {{accent.Dark}}; --on-accent: {{AccentColor.OnDark}}; } }

                """.ReplaceLineEndings("\n"));
            Stylesheet = $"{StylesheetPath}?v={Version(_stylesheet)}";
        }
        if (branding.Logo is { } logo)
        {
            _logo = logo;
            Logo = $"{LogoPath}?v={Version(logo.Bytes.Span)}";
            LogoType = logo.ContentType;
            LogoWidth = (int)Math.Clamp(Math.Round(MarkHeight * logo.Ratio), 1, WidestMark);
        }
    }

    public string ProductName { get; }

    /// <summary>Path and version of the colours; null where they are our own stylesheet's.</summary>
    public string? Stylesheet { get; }

    /// <summary>Path and version of the logo; null for our own.</summary>
    public string? Logo { get; }

    public string? LogoType { get; }

    /// <summary>Beside <see cref="MarkHeight"/>, so that nothing moves when the logo arrives.</summary>
    public int LogoWidth { get; }

    public static void Map(WebApplication app)
    {
        var assets = app.Services.GetRequiredService<BrandAssets>();
        string[] read = [HttpMethods.Get, HttpMethods.Head];
        if (assets._stylesheet is { } stylesheet)
            app.MapMethods(StylesheetPath, read, (HttpContext context) => File(context, stylesheet, "text/css; charset=utf-8"));
        if (assets._logo is { } logo)
        {
            app.MapMethods(LogoPath, read, (HttpContext context) =>
            {
                context.Response.Headers.ContentSecurityPolicy = LogoPolicy;
                return File(context, logo.Bytes, logo.ContentType);
            });
        }
    }

    static IResult File(HttpContext context, ReadOnlyMemory<byte> bytes, string type)
    {
        context.Response.Headers.CacheControl = Assets.CacheControlOf(context.Request);
        return Results.Bytes(bytes, type, entityTag: new EntityTagHeaderValue($"\"{Version(bytes.Span)}\""));
    }

    static string Version(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, 8));
}
