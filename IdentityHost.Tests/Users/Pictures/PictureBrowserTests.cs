using IdentityHost.Tests.Support;
using IdentityHost.Users.Pictures;
using static IdentityHost.Tests.Users.Pictures.SamplePictures;

namespace IdentityHost.Tests.Users.Pictures;

/// <summary>A browser shows what was written anew, and the right way up.</summary>
public sealed class PictureBrowserTests(Browser browser) : IClassFixture<Browser>
{
    [Fact, Case(184)]
    public async Task Pictures_are_shown_and_upright()
    {
        await using var context = await browser.OpenAsync(new());
        var page = await context.NewPageAsync();
        Assert.Equal("24x16", await SizeAsync(Jpeg));
        Assert.Equal("16x24", await SizeAsync(JpegWith(Segment(0xe1, Exif(6, "somewhere")))));
        Assert.Equal("8x8", await SizeAsync(ProgressiveJpeg));
        Assert.Equal("20x15", await SizeAsync(Png()));
        Assert.Equal("20x15", await SizeAsync(Png(colorType: 3, depth: 4, interlaced: true)));
        Assert.Equal("33x7", await SizeAsync(Png(width: 33, height: 7, colorType: 2, depth: 16, between: Chunk("tRNS", [0, 1, 0, 2, 0, 3]))));

        async Task<string> SizeAsync(byte[] file)
        {
            var clean = PictureRewriter.Rewrite(file);
            return await page.EvaluateAsync<string>(
                "async source => { const i = new Image(); i.src = source; await i.decode(); return `${i.naturalWidth}x${i.naturalHeight}`; }",
                $"data:{clean.ContentType};base64,{Convert.ToBase64String(clean.Bytes)}");
        }
    }
}
