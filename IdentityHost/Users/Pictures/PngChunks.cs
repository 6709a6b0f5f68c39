using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;

namespace IdentityHost.Users.Pictures;

/// <param name="Type">Four ASCII letters.</param>
/// <param name="Data">What it holds; its checksum was right.</param>
internal readonly record struct PngChunk(string Type, ReadOnlyMemory<byte> Data)
{
    /// <summary>A decoder that does not know it may go on without (PNG §5.4): the first letter is lower case.</summary>
    public bool IsAncillary => char.IsAsciiLetterLower(Type[0]);
}

/// <summary>The container of PNG (W3C PNG §5): a signature and chunks of length, type, data and checksum.</summary>
internal sealed class PngChunks(ReadOnlyMemory<byte> file)
{
    /// <summary>Length, type and checksum.</summary>
    const int Frame = 12;

    static readonly ImmutableArray<uint> CrcTable = [.. Enumerable.Range(0, 256).Select(CrcOf)];

    int _position = Signature.Length;

    public static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0d, 0x0a, 0x1a, 0x0a];

    /// <exception cref="InvalidPictureException">There is none, it is cut off, or its checksum is wrong.</exception>
    public PngChunk Next()
    {
        var rest = file.Span[_position..];
        InvalidPictureException.Unless(rest.Length >= Frame);
        var length = BinaryPrimitives.ReadUInt32BigEndian(rest);
        InvalidPictureException.Unless(length <= rest.Length - Frame);
        var end = 8 + (int)length;
        foreach (var letter in rest[4..8])
            InvalidPictureException.Unless(char.IsAsciiLetter((char)letter));
        InvalidPictureException.Unless(Crc(rest[4..end]) == BinaryPrimitives.ReadUInt32BigEndian(rest[end..]));
        var chunk = new PngChunk(Encoding.ASCII.GetString(rest[4..8]), file.Slice(_position + 8, (int)length));
        _position += Frame + (int)length;
        return chunk;
    }

    public static void Write(MemoryStream target, ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        target.Write(number);
        var start = (int)target.Length;
        target.Write(type);
        target.Write(data);
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc(target.GetBuffer().AsSpan(start, type.Length + data.Length)));
        target.Write(number);
    }

    /// <summary>PNG §5.5 and its annex D: CRC-32 as in ISO 3309.</summary>
    internal static uint Crc(ReadOnlySpan<byte> bytes)
    {
        var table = CrcTable.AsSpan();
        var crc = uint.MaxValue;
        foreach (var value in bytes)
            crc = table[(int)((crc ^ value) & 0xff)] ^ (crc >> 8);
        return ~crc;
    }

    static uint CrcOf(int value)
    {
        var crc = (uint)value;
        for (var bit = 0; bit < 8; bit++)
            crc = (crc & 1) == 0 ? crc >> 1 : 0xedb88320 ^ (crc >> 1);
        return crc;
    }
}
