using System.Text;
using IdentityHost.Users.Pictures;
using static IdentityHost.Tests.Users.Pictures.SamplePictures;

namespace IdentityHost.Tests.Users.Pictures;

/// <summary>What of a picture is kept: what shows it, and nothing else. What cannot be understood to the last byte is refused.</summary>
public sealed class PictureRewriterTests
{
    const string Secret = "a secret place";

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0, 16)]
    [InlineData(2, 8)]
    [InlineData(2, 16)]
    [InlineData(3, 1)]
    [InlineData(3, 2)]
    [InlineData(3, 4)]
    [InlineData(3, 8)]
    [InlineData(4, 8)]
    [InlineData(6, 8)]
    [InlineData(6, 16)]
    public void A_png_of_every_kind_keeps_its_pixels(int colorType, int depth)
    {
        foreach (var interlaced in new[] { false, true })
        {
            foreach (var (width, height) in new[] { (1, 1), (3, 2), (20, 15), (257, 9) })
            {
                var file = Png(width, height, colorType, depth, interlaced);
                var clean = PictureRewriter.Rewrite(file);
                Assert.Equal("image/png", clean.ContentType);
                Assert.Equal(colorType == 3 ? ["IHDR", "PLTE", "IDAT", "IEND"] : ["IHDR", "IDAT", "IEND"], Parts(clean.Bytes));
                // Packed alike here and in the sample, so unchanged pixels are unchanged bytes.
                Assert.Equal(file, clean.Bytes);
            }
        }
    }

    [Theory, Case(184)]
    [InlineData("tEXt")]
    [InlineData("zTXt")]
    [InlineData("iTXt")]
    [InlineData("eXIf")]
    [InlineData("iCCP")]
    [InlineData("tIME")]
    [InlineData("pHYs")]
    [InlineData("vpAg")]
    public void A_png_loses_every_chunk_that_shows_nothing(string type)
    {
        var clean = PictureRewriter.Rewrite(Png(between: Chunk(type, Encoding.ASCII.GetBytes(Secret)))).Bytes;
        Assert.Equal(["IHDR", "IDAT", "IEND"], Parts(clean));
        Assert.DoesNotContain(Secret, Encoding.Latin1.GetString(clean), StringComparison.Ordinal);
    }

    [Fact]
    public void A_png_keeps_transparency_and_colour_space()
    {
        var clean = PictureRewriter.Rewrite(Png(colorType: 2, between: [Chunk("gAMA", [0, 0, 0xb1, 0x8f]), Chunk("sRGB", [0]), Chunk("tRNS", [0, 1, 0, 2, 0, 3])])).Bytes;
        Assert.Equal(["IHDR", "gAMA", "sRGB", "tRNS", "IDAT", "IEND"], Parts(clean));
    }

    [Fact, Case(179)]
    public void What_follows_the_end_is_gone()
    {
        var page = Encoding.ASCII.GetBytes("<html><script>alert(1)</script>PK\x03\x04");
        Assert.Equal(PictureRewriter.Rewrite(Png()).Bytes, PictureRewriter.Rewrite((byte[])[.. Png(), .. page]).Bytes);
        Assert.Equal(PictureRewriter.Rewrite(Jpeg).Bytes, PictureRewriter.Rewrite((byte[])[.. Jpeg, .. page]).Bytes);
    }

    [Theory, Case(179)]
    [InlineData("<html><script>alert(1)</script>")]
    [InlineData("<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>")]
    [InlineData("<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>")]
    [InlineData("GIF89a/*\0\0\0\0\0\0*/=1;alert(1)")]
    [InlineData("MZ\u0090\0\u0003\0\0\0")]
    [InlineData("RIFF\u0010\0\0\0WEBPVP8L")]
    [InlineData("BM")]
    [InlineData("")]
    public void What_is_neither_png_nor_jpeg_is_told_apart_by_its_bytes(string content) =>
        Assert.Equal("picture_type", Refusal(Encoding.Latin1.GetBytes(content)));

    [Fact, Case(180)]
    public void What_is_too_large_is_refused_by_its_header()
    {
        Assert.Equal("picture_dimensions", Refusal(PngOf(Header(30_000, 30_000), Chunk("IDAT", Zeros(50_000)), Chunk("IEND", []))));
        Assert.Equal("picture_dimensions", Refusal(PngOf(Header(4097, 1), Chunk("IDAT", Zeros(50_000)), Chunk("IEND", []))));
        Assert.Equal("picture_damaged", Refusal(PngOf(Header(0, 1), Chunk("IDAT", Zeros(50_000)), Chunk("IEND", []))));
        Assert.Equal("picture_dimensions", Refusal([0xff, 0xd8, .. Segment(0xc0, [8, 0x75, 0x30, 0x75, 0x30, 1, 1, 0x11, 0]), 0xff, 0xd9]));
        // A height that comes after the pixels.
        Assert.Equal("picture_damaged", Refusal([0xff, 0xd8, .. Segment(0xc0, [8, 0, 0, 0, 8, 1, 1, 0x11, 0]), 0xff, 0xd9]));
    }

    [Fact, Case(180)]
    public void Frames_are_refused()
    {
        Assert.Equal("picture_frames", Refusal(Png(between: Chunk("acTL", [0, 0, 0x27, 0x10, 0, 0, 0, 0]))));
        Assert.Equal("picture_frames", Refusal([.. Jpeg.AsSpan(0, Jpeg.Length - 2), .. Segment(0xc0, [8, 0, 8, 0, 8, 1, 1, 0x11, 0]), 0xff, 0xd9]));
    }

    [Theory, Case(179)]
    [InlineData(1)]
    [InlineData(100_000_000)]
    public void Pixels_are_never_more_than_the_header_says(int more)
    {
        var exact = 15 * (1 + 20 * 4);
        Assert.Equal("picture_damaged", Refusal(PngOf(Header(20, 15), Chunk("IDAT", Zeros(exact + more)), Chunk("IEND", []))));
        Assert.Equal("picture_damaged", Refusal(PngOf(Header(20, 15), Chunk("IDAT", Zeros(exact - 1)), Chunk("IEND", []))));
        PictureRewriter.Rewrite(PngOf(Header(20, 15), Chunk("IDAT", Zeros(exact)), Chunk("IEND", [])));
    }

    [Fact, Case(179)]
    public void A_png_that_is_not_as_prescribed_is_refused()
    {
        var pixels = Chunk("IDAT", Zeros(15 * (1 + 20 * 4)));
        var end = Chunk("IEND", []);
        var header = Header(20, 15);
        byte[][] broken =
        [
            PngOf(header, end),
            PngOf(header, pixels),
            PngOf(pixels, header, end),
            PngOf(header, header, pixels, end),
            PngOf(header, pixels, Chunk("tEXt", [1]), pixels, end),
            PngOf(header, Chunk("ABCD", []), pixels, end),
            PngOf(header, Chunk("1234", []), pixels, end),
            PngOf(Header(20, 15, depth: 3), pixels, end),
            PngOf(Header(20, 15, colorType: 5), pixels, end),
            PngOf(Header(20, 15, colorType: 3), pixels, end),
            PngOf(header, Chunk("tRNS", [1]), pixels, end),
            PngOf(header, pixels, Chunk("PLTE", [0, 0, 0]), end),
            PngOf(header, pixels, Chunk("IEND", [1])),
            [.. PngOf(header, pixels, end).SkipLast(1)],
        ];
        Assert.All(broken, file => Assert.Equal("picture_damaged", Refusal(file)));
        var bad = PngOf(header, pixels, end);
        bad[^1] ^= 1;
        Assert.Equal("picture_damaged", Refusal(bad));
        Assert.Equal("picture_damaged", Refusal(PngOf(header, Chunk("IDAT", [1, 2, 3]), end)));
    }

    [Fact, Case(184)]
    public void A_jpeg_loses_everything_but_what_shows_it()
    {
        var file = JpegWith(
            Segment(0xe1, Exif(1, Secret)), Segment(0xe1, Encoding.ASCII.GetBytes($"http://ns.adobe.com/xap/1.0/\0{Secret}")), Segment(0xe2, Encoding.ASCII.GetBytes($"ICC_PROFILE\0{Secret}")),
            Segment(0xed, Encoding.ASCII.GetBytes(Secret)), Segment(0xfe, Encoding.ASCII.GetBytes(Secret)));
        var clean = PictureRewriter.Rewrite(file);
        Assert.Equal("image/jpeg", clean.ContentType);
        Assert.DoesNotContain(Secret, Encoding.Latin1.GetString(clean.Bytes), StringComparison.Ordinal);
        Assert.Equal(["db", "db", "c0", "c4", "c4", "c4", "c4", "da", "d9"], Parts(clean.Bytes));
        Assert.Equal(["db", "c2", "c4", "da", "c4", "da", "d9"], Parts(PictureRewriter.Rewrite(ProgressiveJpeg).Bytes));
    }

    [Theory, Case(184)]
    [InlineData(1, false)]
    [InlineData(3, true)]
    [InlineData(6, true)]
    [InlineData(8, true)]
    [InlineData(9, false)]
    [InlineData(0, false)]
    public void A_jpeg_keeps_which_way_up_it_is(int orientation, bool kept)
    {
        var clean = PictureRewriter.Rewrite(JpegWith(Segment(0xe1, Exif((ushort)orientation, Secret)))).Bytes;
        Assert.Equal(kept, Parts(clean).Contains("e1"));
        if (kept)
        {
            Assert.Equal(Segment(0xe1, ExifOrientation.Write((ushort)orientation)), clean[2..38]);
            Assert.Equal(orientation, ExifOrientation.Read(clean.AsSpan(6, 32)));
        }
    }

    [Fact]
    public void A_jpeg_keeps_its_colour_transform()
    {
        var clean = PictureRewriter.Rewrite(JpegWith(Segment(0xee, [.. "Adobe"u8, 0, 100, 1, 2, 3, 4, 0, 77]))).Bytes;
        Assert.Equal(Segment(0xee, [.. "Adobe"u8, 0, 100, 0, 0, 0, 0, 0]), clean[2..18]);
    }

    [Fact, Case(179)]
    public void A_jpeg_that_is_not_as_prescribed_is_refused()
    {
        var frame = Segment(0xc0, [8, 0, 8, 0, 8, 1, 1, 0x11, 0]);
        var quantization = Segment(0xdb, [0, .. Enumerable.Repeat((byte)8, 64)]);
        var huffman = Segment(0xc4, [0x00, 1, .. new byte[15], 0, 0x10, 1, .. new byte[15], 0]);
        byte[] scan = [.. Segment(0xda, [1, 1, 0x00, 0, 63, 0]), 0x3f];
        byte[] start = [0xff, 0xd8];
        byte[] end = [0xff, 0xd9];
        PictureRewriter.Rewrite((byte[])[.. start, .. quantization, .. huffman, .. frame, .. scan, .. end]);
        byte[][] broken =
        [
            [.. start, .. end],
            [.. start, .. quantization, .. huffman, .. frame, .. end],
            [.. start, .. quantization, .. huffman, .. frame, .. scan],
            [.. start, .. quantization, .. huffman, .. scan, .. end],
            [.. start, .. huffman, .. frame, .. scan, .. end],
            [.. start, .. quantization, .. frame, .. scan, .. end],
            [.. start, .. quantization, .. huffman, .. frame, .. scan, .. scan, .. end],
            [.. start, .. quantization, .. huffman, .. frame, .. Segment(0xda, [1, 2, 0x00, 0, 63, 0]), 0x3f, .. end],
            [.. start, .. quantization, .. huffman, .. frame, .. Segment(0xda, [1, 1, 0x00, 0, 62, 0]), 0x3f, .. end],
            [.. start, .. quantization, .. huffman, .. Segment(0xc3, [8, 0, 8, 0, 8, 1, 1, 0x11, 0]), .. scan, .. end],
            [.. start, .. quantization, .. huffman, .. Segment(0xc0, [12, 0, 8, 0, 8, 1, 1, 0x11, 0]), .. scan, .. end],
            [.. start, .. quantization, .. huffman, .. Segment(0xc0, [8, 0, 8, 0, 8, 1, 1, 0x50, 0]), .. scan, .. end],
            [.. start, .. quantization, .. huffman, .. frame, .. scan, 0xff, 0xd0, 0x3f, .. end],
            [.. start, .. Segment(0xc4, [0x00, 3, .. new byte[15], 0, 0, 0]), .. quantization, .. huffman, .. frame, .. scan, .. end],
            [.. start, .. Segment(0xdb, [0, .. new byte[64]]), .. huffman, .. frame, .. scan, .. end],
            [.. start, 0xff, 0xe1, 0xff, 0xff, 1, 2, 3],
            [.. start, 0xff, 0xe1, 0, 1, .. end],
        ];
        Assert.All(broken, file => Assert.Equal("picture_damaged", Refusal(file)));
        // Each scan costs a decoder the whole picture.
        byte[] refinements = [.. Enumerable.Repeat((byte[])[.. Segment(0xda, [1, 1, 0x00, 1, 63, 0x00]), 0x7f], 200).SelectMany(s => s)];
        Assert.Equal("picture_damaged", Refusal([.. ProgressiveJpeg.AsSpan(0, ProgressiveJpeg.Length - 2), .. refinements, 0xff, 0xd9]));
    }

    [Fact, Case(180)]
    public void Bombs_cost_no_memory()
    {
        // 128 MB of pixels, exactly as many as the header says; and a profile of as many, which is not unpacked.
        var large = PngOf(Header(4096, 4096, depth: 16), Chunk("IDAT", Zeros(4096L * (1 + 4096 * 8))), Chunk("IEND", []));
        var profile = Png(between: Chunk("iCCP", [.. "x\0\0"u8, .. Zeros(128_000_000)]));
        foreach (var file in new[] { large, profile })
            Assert.InRange(Allocated(() => PictureRewriter.Rewrite(file)), 0, 10_000_000);
        var before = large.Length;
        Assert.InRange(before, 100_000, 200_000);
    }

    [Fact, Case(180)]
    public async Task Only_so_many_wait_and_the_others_are_told_to_come_back()
    {
        using var rewriter = new PictureRewriter();
        var large = PngOf(Header(2048, 2048), Chunk("IDAT", Zeros(2048L * (1 + 2048 * 4))), Chunk("IEND", []));
        var all = Enumerable.Range(0, 200).Select(_ => Record.ExceptionAsync(() => rewriter.RewriteAsync(large, default)).AsTask()).ToList();
        var faults = await Task.WhenAll(all);
        Assert.Contains(faults, f => f is PictureQueueFullException);
        Assert.InRange(faults.Count(f => f is null), 32, 199);
        Assert.All(faults.OfType<Exception>(), f => Assert.IsType<PictureQueueFullException>(f));
        // And there is room again.
        Assert.Equal("image/png", (await rewriter.RewriteAsync(Png(), default)).ContentType);
    }

    internal static long Allocated(Action action)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        action();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    static string Refusal(byte[] file) => Assert.Throws<InvalidPictureException>(() => PictureRewriter.Rewrite(file)).Reason;
}
