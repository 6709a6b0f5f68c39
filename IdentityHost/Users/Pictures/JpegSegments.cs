using System.Buffers;
using System.Buffers.Binary;

namespace IdentityHost.Users.Pictures;

/// <summary>The second bytes of JPEG's markers (T.81, table B.1), as far as they are told apart here.</summary>
internal static class JpegMarkers
{
    public const byte Baseline = 0xc0;
    public const byte Extended = 0xc1;
    public const byte Progressive = 0xc2;
    public const byte HuffmanTables = 0xc4;
    public const byte Restart0 = 0xd0;
    public const byte Restart7 = 0xd7;
    public const byte Start = 0xd8;
    public const byte End = 0xd9;
    public const byte Scan = 0xda;
    public const byte QuantizationTables = 0xdb;
    public const byte RestartInterval = 0xdd;
    public const byte Application0 = 0xe0;
    public const byte Application1 = 0xe1;
    public const byte Adobe = 0xee;
    public const byte Application15 = 0xef;
    public const byte Comment = 0xfe;
}

/// <summary>The container of JPEG (T.81, annex B): markers, segments with a length, and coded data in which no marker stands but restarts.</summary>
internal sealed class JpegSegments(ReadOnlyMemory<byte> file)
{
    int _position = 2;

    /// <summary>The next marker; fill bytes before it are passed over (B.1.1.2).</summary>
    /// <exception cref="InvalidPictureException">Something else stands there, or nothing.</exception>
    public byte NextMarker()
    {
        var bytes = file.Span;
        InvalidPictureException.Unless(_position < bytes.Length && bytes[_position] == 0xff);
        while (_position < bytes.Length && bytes[_position] == 0xff)
            _position++;
        InvalidPictureException.Unless(_position < bytes.Length && bytes[_position] != 0);
        return bytes[_position++];
    }

    /// <summary>What the segment holds, whose marker has just been read.</summary>
    /// <exception cref="InvalidPictureException">It is cut off.</exception>
    public ReadOnlyMemory<byte> Payload()
    {
        var rest = file.Span[_position..];
        InvalidPictureException.Unless(rest.Length >= 2);
        var length = BinaryPrimitives.ReadUInt16BigEndian(rest);
        InvalidPictureException.Unless(length >= 2 && length <= rest.Length);
        var payload = file.Slice(_position + 2, length - 2);
        _position += length;
        return payload;
    }

    /// <summary>The coded data of a scan: up to the next marker that is no restart.</summary>
    /// <param name="restarts">Whether an interval for restarts was set.</param>
    /// <exception cref="InvalidPictureException">The file ends in it, or a restart comes out of turn.</exception>
    public ReadOnlyMemory<byte> CodedData(bool restarts)
    {
        var bytes = file.Span;
        var start = _position;
        var turn = 0;
        while (true)
        {
            var next = bytes[_position..].IndexOf((byte)0xff);
            InvalidPictureException.Unless(next >= 0 && _position + next + 1 < bytes.Length);
            _position += next;
            var second = bytes[_position + 1];
            if (second is not 0 and not (>= JpegMarkers.Restart0 and <= JpegMarkers.Restart7))
                return file[start.._position];
            if (second != 0)
            {
                InvalidPictureException.Unless(restarts && second == JpegMarkers.Restart0 + turn);
                turn = (turn + 1) % 8;
            }
            _position += 2;
        }
    }

    public static void Write(IBufferWriter<byte> target, byte marker, ReadOnlySpan<byte> payload)
    {
        Span<byte> head = [0xff, marker, 0, 0];
        BinaryPrimitives.WriteUInt16BigEndian(head[2..], (ushort)(payload.Length + 2));
        target.Write(head);
        target.Write(payload);
    }
}
