using System.Buffers.Binary;

namespace IdentityHost.Users.Pictures;

/// <summary>Which way up a picture is (EXIF tag 0x0112): the one thing of EXIF without which phones' pictures lie on their side.</summary>
internal static class ExifOrientation
{
    public const ushort Upright = 1;
    const ushort Last = 8;
    const ushort Tag = 0x0112;
    const ushort Short = 3;
    const int EntryLength = 12;

    public static ReadOnlySpan<byte> Signature => "Exif\0\0"u8;

    /// <summary>From an APP1 segment that begins with <see cref="Signature"/>. Whatever cannot be read is upright: the rest of it is not kept anyway.</summary>
    public static ushort Read(ReadOnlySpan<byte> segment)
    {
        var tiff = segment[Signature.Length..];
        if (tiff.Length < 8 || !(tiff.StartsWith("II*\0"u8) || tiff.StartsWith("MM\0*"u8)))
            return Upright;
        var little = tiff[0] == 'I';
        var offset = little ? BinaryPrimitives.ReadUInt32LittleEndian(tiff[4..]) : BinaryPrimitives.ReadUInt32BigEndian(tiff[4..]);
        if (offset > tiff.Length - 2)
            return Upright;
        var entries = tiff[(int)offset..];
        var count = Number(entries, little);
        entries = entries[2..];
        for (var i = 0; i < count && entries.Length >= EntryLength; i++, entries = entries[EntryLength..])
        {
            if (Number(entries, little) == Tag && Number(entries[2..], little) == Short && Number(entries[8..], little) is >= Upright and <= Last and var value)
                return value;
        }
        return Upright;
    }

    /// <summary>An APP1 segment that says this and nothing else.</summary>
    public static byte[] Write(ushort orientation) =>
    [
        .. Signature,
        .. "II*\0"u8, 8, 0, 0, 0,
        1, 0,
        0x12, 0x01, (byte)Short, 0, 1, 0, 0, 0, (byte)orientation, 0, 0, 0,
        0, 0, 0, 0,
    ];

    static ushort Number(ReadOnlySpan<byte> bytes, bool little) =>
        little ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : BinaryPrimitives.ReadUInt16BigEndian(bytes);
}
