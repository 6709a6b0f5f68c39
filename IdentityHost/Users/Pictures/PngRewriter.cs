using System.Buffers.Binary;
using System.IO.Compression;

namespace IdentityHost.Users.Pictures;

/// <summary>
/// Writes a PNG anew from what shows it: header, palette, transparency, colour space and pixels. The pixels are inflated row by row, never more of
/// them than the header says, and deflated again; texts, profiles, EXIF, times, further frames and whatever follows the end are not copied.
/// </summary>
internal static class PngRewriter
{
    /// <summary>PNG §9.2: None, Sub, Up, Average, Paeth.</summary>
    const byte LastFilter = 4;

    /// <exception cref="InvalidPictureException">It is no PNG, or not one that is kept.</exception>
    public static byte[] Rewrite(ReadOnlyMemory<byte> file)
    {
        var chunks = new PngChunks(file);
        var header = PngHeader.Read(chunks.Next());
        var parts = new Parts(header);
        while (parts.Add(chunks.Next()))
        {
            // The chunk that ends the picture ends the loop.
        }
        using var target = new MemoryStream();
        target.Write(PngChunks.Signature);
        PngChunks.Write(target, "IHDR"u8, header.ToBytes());
        WriteIf(target, "gAMA"u8, parts.Gamma);
        WriteIf(target, "sRGB"u8, parts.Intent);
        WriteIf(target, "PLTE"u8, parts.Palette);
        WriteIf(target, "tRNS"u8, parts.Transparency);
        using (var pixels = Repack(header, parts.Pixels))
            PngChunks.Write(target, "IDAT"u8, pixels.GetBuffer().AsSpan(0, (int)pixels.Length));
        PngChunks.Write(target, "IEND"u8, []);
        return target.ToArray();
    }

    static void WriteIf(MemoryStream target, ReadOnlySpan<byte> type, ReadOnlyMemory<byte> data)
    {
        if (!data.IsEmpty)
            PngChunks.Write(target, type, data.Span);
    }

    static MemoryStream Repack(PngHeader header, MemoryStream packed)
    {
        var target = new MemoryStream();
        var row = new byte[header.LongestRow];
        packed.Position = 0;
        try
        {
            using var inflated = new ZLibStream(packed, CompressionMode.Decompress);
            using (var deflated = new ZLibStream(target, CompressionLevel.Optimal, leaveOpen: true))
            {
                foreach (var (rowBytes, rows) in header.Passes())
                {
                    for (var i = 0; i < rows; i++)
                    {
                        inflated.ReadExactly(row, 0, rowBytes);
                        InvalidPictureException.Unless(row[0] <= LastFilter);
                        deflated.Write(row, 0, rowBytes);
                        InvalidPictureException.Unless(target.Length <= PictureLimits.MostKept);
                    }
                }
            }
            // One byte more than the header implies is one too many; reading it also compares the checksum.
            InvalidPictureException.Unless(inflated.ReadByte() < 0);
            return target;
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            throw InvalidPictureException.Broken;
        }
    }

    /// <summary>What is kept of the chunks, taken in the order that PNG §5.6 allows them in.</summary>
    sealed class Parts(PngHeader header)
    {
        bool _pixelsOver;

        public ReadOnlyMemory<byte> Gamma { get; private set; }
        public ReadOnlyMemory<byte> Intent { get; private set; }
        public ReadOnlyMemory<byte> Palette { get; private set; }
        public ReadOnlyMemory<byte> Transparency { get; private set; }
        public MemoryStream Pixels { get; } = new();

        /// <returns>False for the end of the picture.</returns>
        public bool Add(PngChunk chunk)
        {
            var (type, data) = chunk;
            if (type == "IDAT")
            {
                InvalidPictureException.Unless(!_pixelsOver && (header.ColorType != PngHeader.Indexed || !Palette.IsEmpty));
                Pixels.Write(data.Span);
                return true;
            }
            _pixelsOver = Pixels.Length > 0;
            switch (type)
            {
                case "IEND":
                    InvalidPictureException.Unless(_pixelsOver && data.IsEmpty);
                    return false;
                case "PLTE":
                    InvalidPictureException.Unless(!_pixelsOver && Palette.IsEmpty && Transparency.IsEmpty && IsPalette(data.Length));
                    Palette = header.ColorType == PngHeader.Indexed ? data : default;
                    break;
                case "tRNS":
                    InvalidPictureException.Unless(!_pixelsOver && Transparency.IsEmpty && IsTransparency(data.Length));
                    Transparency = data;
                    break;
                case "gAMA" when IsBeforePalette && data.Length == 4 && BinaryPrimitives.ReadUInt32BigEndian(data.Span) is > 0 and <= int.MaxValue:
                    Gamma = data;
                    break;
                case "sRGB" when IsBeforePalette && data.Span is [<= 3]:
                    Intent = data;
                    break;
                case "acTL" or "fcTL" or "fdAT":
                    throw new InvalidPictureException(InvalidPictureException.Frames);
                default:
                    // Of the critical ones there are no others; a second header too.
                    InvalidPictureException.Unless(chunk.IsAncillary);
                    break;
            }
            return true;
        }

        bool IsBeforePalette => !_pixelsOver && Palette.IsEmpty;

        /// <summary>For true colour it is a suggestion, which is dropped.</summary>
        bool IsPalette(int length) => length is > 0 and <= 3 * 256 && length % 3 == 0 && header.ColorType switch
        {
            PngHeader.Indexed => length / 3 <= 1 << header.Depth,
            PngHeader.TrueColor or PngHeader.TrueColor + 4 => true,
            _ => false,
        };

        bool IsTransparency(int length) => header.ColorType switch
        {
            PngHeader.Greyscale => length == 2,
            PngHeader.TrueColor => length == 6,
            PngHeader.Indexed => length > 0 && length <= Palette.Length / 3,
            _ => false,
        };
    }
}
