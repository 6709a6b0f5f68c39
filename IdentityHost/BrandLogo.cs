using System.Buffers.Binary;
using System.Globalization;
using System.Xml;

namespace IdentityHost;

/// <summary>
/// The operator's logo, read once. It is what its bytes say, whatever its name says, and so small that a page with it still weighs under 60 KB.
/// </summary>
/// <param name="Bytes">The file.</param>
/// <param name="ContentType"><c>image/png</c>, <c>image/jpeg</c> or <c>image/svg+xml</c>.</param>
/// <param name="Ratio">Width to height, so that a page keeps the right place free for it.</param>
internal sealed record BrandLogo(ReadOnlyMemory<byte> Bytes, string ContentType, double Ratio)
{
    /// <summary>In bytes.</summary>
    public const int Largest = 32 * 1024;

    /// <summary>PNG §5.2.</summary>
    static ReadOnlySpan<byte> PngSignature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    /// <summary>Null for what is none of the three.</summary>
    public static BrandLogo? Of(byte[] bytes)
    {
        var (type, width, height) = Png(bytes) ?? Jpeg(bytes) ?? Svg(bytes) ?? default;
        return type is not null && width > 0 && height > 0 && double.IsFinite(width / height) ? new BrandLogo(bytes, type, width / height) : null;
    }

    /// <summary>The header is the first chunk (PNG §11.2.2).</summary>
    static (string Type, double Width, double Height)? Png(ReadOnlySpan<byte> bytes) =>
        bytes.Length >= 24 && bytes.StartsWith(PngSignature) && bytes[12..16].SequenceEqual("IHDR"u8)
            ? ("image/png", BinaryPrimitives.ReadUInt32BigEndian(bytes[16..]), BinaryPrimitives.ReadUInt32BigEndian(bytes[20..]))
            : null;

    /// <summary>From segment to segment until the one that begins the frame (ITU-T T.81 §B.2.2).</summary>
    static (string Type, double Width, double Height)? Jpeg(ReadOnlySpan<byte> bytes)
    {
        if (!bytes.StartsWith<byte>([0xFF, 0xD8]))
            return null;
        for (var at = 2; at + 9 <= bytes.Length && bytes[at] == 0xFF; at += 2 + BinaryPrimitives.ReadUInt16BigEndian(bytes[(at + 2)..]))
        {
            if (bytes[at + 1] is >= 0xC0 and <= 0xCF and not (0xC4 or 0xC8 or 0xCC))
                return ("image/jpeg", BinaryPrimitives.ReadUInt16BigEndian(bytes[(at + 7)..]), BinaryPrimitives.ReadUInt16BigEndian(bytes[(at + 5)..]));
        }
        return null;
    }

    /// <summary>Well-formed, without a document type (which can name files and grow without end).</summary>
    static (string Type, double Width, double Height)? Svg(byte[] bytes)
    {
        try
        {
            using var stream = new MemoryStream(bytes);
            using var reader = XmlReader.Create(stream, new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null });
            if (reader.MoveToContent() != XmlNodeType.Element || reader is not { LocalName: "svg", NamespaceURI: "http://www.w3.org/2000/svg" })
                return null;
            var box = (reader.GetAttribute("viewBox") ?? "").Split([' ', ','], StringSplitOptions.RemoveEmptyEntries);
            var (width, height) = box.Length == 4 ? (Number(box[2]), Number(box[3])) : (Number(reader.GetAttribute("width")), Number(reader.GetAttribute("height")));
            while (reader.Read())
            {
                // Only to see that the rest is well-formed.
            }
            return ("image/svg+xml", width, height);
        }
        catch (XmlException)
        {
            return null;
        }
    }

    static double Number(string? text) =>
        double.TryParse((text ?? "").Replace("px", "", StringComparison.Ordinal), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
