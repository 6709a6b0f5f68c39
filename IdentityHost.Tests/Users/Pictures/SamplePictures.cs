using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using IdentityHost.Users.Pictures;

namespace IdentityHost.Tests.Users.Pictures;

/// <summary>Pictures made by the byte: valid ones of every kind, and what somebody puts into them.</summary>
static class SamplePictures
{
    /// <summary>24 × 16 pixels from a browser's canvas: baseline, JFIF, an ICC profile.</summary>
    public static byte[] Jpeg => Convert.FromBase64String(
        "/9j/4AAQSkZJRgABAQAAAQABAAD/4gHYSUNDX1BST0ZJTEUAAQEAAAHIAAAAAAQwAABtbnRyUkdCIFhZWiAH4AABAAEAAAAAAABhY3NwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAQAA9tYAAQAAAADTLQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAlkZXNjAAAA8AAAACRyWFlaAAABFAAAABRnWFlaAAABKAAAABRiWFlaAAABPAAAABR3dHB0AAABUAAAABRyVFJDAAABZAAAAChnVFJDAAABZAAAAChiVFJDAAABZAAAAChjcHJ0AAABjAAAADxtbHVjAAAAAAAAAAEAAAAMZW5VUwAAAAgAAAAcAHMAUgBHAEJYWVogAAAAAAAAb6IAADj1AAADkFhZWiAAAAAAAABimQAAt4UAABjaWFlaIAAAAAAAACSgAAAPhAAAts9YWVogAAAAAAAA9tYAAQAAAADTLXBhcmEAAAAAAAQAAAACZmYAAPKnAAANWQAAE9AAAApbAAAAAAAAAABtbHVjAAAAAAAAAAEAAAAMZW5VUwAAACAAAAAcAEcAbwBvAGcAbABlACAASQBuAGMALgAgADIAMAAxADb/2wBDAAYEBQYFBAYGBQYHBwYIChAKCgkJChQODwwQFxQYGBcUFhYaHSUfGhsjHBYWICwgIyYnKSopGR8tMC0oMCUoKSj/2wBDAQcHBwoIChMKChMoGhYaKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCj/wAARCAAQABgDASIAAhEBAxEB/8QAGAAAAwEBAAAAAAAAAAAAAAAAAAMEBQf/xAAWEAEBAQAAAAAAAAAAAAAAAAAAAgP/xAAXAQADAQAAAAAAAAAAAAAAAAADBAUH/8QAJREAAAUCBAcAAAAAAAAAAAAAAQIGERIABAMTISMFQUJRYWKh/9oADAMBAAIRAxEAPwDdcC2s3a0O1ipRODZGMYTSk3JmZ/I96rJ9MAky45Qx8zMj0xaMvYzvL5StrCXaw2Kz4dthpS91f7g61//Z");

    /// <summary>8 × 8 grey pixels in two progressive scans.</summary>
    public static byte[] ProgressiveJpeg =>
    [
        0xff, 0xd8,
        .. Segment(0xdb, [0, .. Enumerable.Repeat((byte)8, 64)]),
        .. Segment(0xc2, [8, 0, 8, 0, 8, 1, 1, 0x11, 0]),
        // One code of one bit for the only symbol: no difference; nothing further.
        .. Segment(0xc4, [0x00, 1, .. new byte[15], 0]),
        .. Segment(0xda, [1, 1, 0x00, 0, 0, 0x00]), 0x7f,
        .. Segment(0xc4, [0x10, 1, .. new byte[15], 0]),
        .. Segment(0xda, [1, 1, 0x00, 1, 63, 0x00]), 0x7f,
        0xff, 0xd9,
    ];

    /// <summary>The JPEG with further segments right behind its start.</summary>
    public static byte[] JpegWith(params byte[][] segments) => [0xff, 0xd8, .. segments.SelectMany(s => s), .. Jpeg.AsSpan(2)];

    public static byte[] Segment(byte marker, byte[] payload) =>
        [0xff, marker, (byte)((payload.Length + 2) >> 8), (byte)(payload.Length + 2), .. payload];

    /// <summary>EXIF as a camera writes it: make, orientation, and where the picture was taken.</summary>
    public static byte[] Exif(ushort orientation, string place) =>
    [
        .. "Exif\0\0"u8,
        .. "MM\0*"u8, 0, 0, 0, 8,
        0, 2,
        0x01, 0x0f, 0, 2, 0, 0, 0, (byte)place.Length, 0, 0, 0, 38,
        0x01, 0x12, 0, 3, 0, 0, 0, 1, (byte)(orientation >> 8), (byte)orientation, 0, 0,
        0, 0, 0, 0,
        .. Encoding.ASCII.GetBytes(place),
    ];

    /// <summary>A valid PNG of any kind, its pixels from a seed.</summary>
    /// <param name="width">Pixels.</param>
    /// <param name="height">Pixels.</param>
    /// <param name="colorType">0, 2, 3, 4 or 6.</param>
    /// <param name="depth">Bits of a sample.</param>
    /// <param name="interlaced">Adam7.</param>
    /// <param name="between">Chunks between the header and the pixels.</param>
    public static byte[] Png(int width = 20, int height = 15, int colorType = 6, int depth = 8, bool interlaced = false, params byte[][] between)
    {
        var header = new PngHeader(width, height, depth, colorType, interlaced);
        var random = new Random(width * 31 + height);
        using var packed = new MemoryStream();
        using (var deflated = new ZLibStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            foreach (var (rowBytes, rows) in header.Passes())
            {
                for (var i = 0; i < rows; i++)
                {
                    var row = new byte[rowBytes];
                    random.NextBytes(row);
                    row[0] = (byte)(i % 5);
                    deflated.Write(row);
                }
            }
        }
        byte[][] palette = colorType == 3 ? [Chunk("PLTE", new byte[3 << depth])] : [];
        return PngOf([Chunk("IHDR", header.ToBytes()), .. palette, .. between, Chunk("IDAT", packed.ToArray()), Chunk("IEND", [])]);
    }

    public static byte[] PngOf(params byte[][] chunks) => [.. PngChunks.Signature, .. chunks.SelectMany(c => c)];

    public static byte[] Header(uint width, uint height, byte depth = 8, byte colorType = 6)
    {
        var data = new byte[13];
        BinaryPrimitives.WriteUInt32BigEndian(data, width);
        BinaryPrimitives.WriteUInt32BigEndian(data.AsSpan(4), height);
        (data[8], data[9]) = (depth, colorType);
        return Chunk("IHDR", data);
    }

    public static byte[] Chunk(string type, byte[] data)
    {
        using var chunk = new MemoryStream();
        PngChunks.Write(chunk, Encoding.ASCII.GetBytes(type), data);
        return chunk.ToArray();
    }

    /// <summary>So many zero bytes, packed as small as they get.</summary>
    public static byte[] Zeros(long count)
    {
        using var packed = new MemoryStream();
        using (var deflated = new ZLibStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            var zeros = new byte[64 * 1024];
            for (; count > 0; count -= zeros.Length)
                deflated.Write(zeros, 0, (int)Math.Min(count, zeros.Length));
        }
        return packed.ToArray();
    }

    /// <summary>The types of a PNG's chunks, or the markers of a JPEG's segments, in order; fails the test where they do not follow one another.</summary>
    public static List<string> Parts(byte[] picture)
    {
        List<string> parts = [];
        if (picture[0] == 0x89)
        {
            for (var i = 8; i < picture.Length; i += 12 + BinaryPrimitives.ReadInt32BigEndian(picture.AsSpan(i)))
                parts.Add(Encoding.ASCII.GetString(picture, i + 4, 4));
            return parts;
        }
        for (var i = 2; i < picture.Length;)
        {
            Assert.Equal(0xff, picture[i]);
            parts.Add(picture[i + 1].ToString("x2", System.Globalization.CultureInfo.InvariantCulture));
            if (picture[i + 1] == 0xd9)
            {
                Assert.Equal(picture.Length, i + 2);
                break;
            }
            var scan = picture[i + 1] == 0xda;
            i += 2 + BinaryPrimitives.ReadUInt16BigEndian(picture.AsSpan(i + 2));
            while (scan && !(picture[i] == 0xff && picture[i + 1] is not 0 and not (>= 0xd0 and <= 0xd7)))
                i++;
        }
        return parts;
    }
}
