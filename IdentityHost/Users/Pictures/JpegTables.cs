using System.Buffers.Binary;

namespace IdentityHost.Users.Pictures;

/// <summary>Which tables a JPEG has defined so far. A scan may only name those.</summary>
internal sealed class JpegTables
{
    const int Coefficients = 64;
    const int CodeLengths = 16;

    readonly bool[] _quantization = new bool[4];
    readonly bool[] _direct = new bool[4];
    readonly bool[] _alternating = new bool[4];

    public bool HasQuantization(int table) => _quantization[table];

    public bool HasDirect(int table) => table < 4 && _direct[table];

    public bool HasAlternating(int table) => table < 4 && _alternating[table];

    /// <summary>DQT (T.81, B.2.4.1).</summary>
    /// <exception cref="InvalidPictureException">Something in it is out of range.</exception>
    public ReadOnlyMemory<byte> AddQuantization(ReadOnlyMemory<byte> payload)
    {
        var rest = payload.Span;
        InvalidPictureException.Unless(!rest.IsEmpty);
        while (!rest.IsEmpty)
        {
            var (wide, table) = (rest[0] >> 4, rest[0] & 15);
            var length = Coefficients * (wide + 1);
            InvalidPictureException.Unless(wide <= 1 && table <= 3 && rest.Length > length);
            var values = rest.Slice(1, length);
            for (var i = 0; i < length; i += wide + 1)
                InvalidPictureException.Unless((wide == 0 ? values[i] : BinaryPrimitives.ReadUInt16BigEndian(values[i..])) > 0);
            _quantization[table] = true;
            rest = rest[(1 + length)..];
        }
        return payload;
    }

    /// <summary>DHT (T.81, B.2.4.2).</summary>
    /// <exception cref="InvalidPictureException">Something in it is out of range, or its codes do not fit into their lengths.</exception>
    public ReadOnlyMemory<byte> AddHuffman(ReadOnlyMemory<byte> payload)
    {
        var rest = payload.Span;
        InvalidPictureException.Unless(!rest.IsEmpty);
        while (!rest.IsEmpty)
        {
            var (kind, table) = (rest[0] >> 4, rest[0] & 15);
            InvalidPictureException.Unless(kind <= 1 && table <= 3 && rest.Length > CodeLengths);
            // So many codes of a length are left; one of all ones is never given (annex C), so some always are.
            var (left, symbols) = (1, 0);
            foreach (var count in rest.Slice(1, CodeLengths))
            {
                left = left * 2 - count;
                symbols += count;
                InvalidPictureException.Unless(left >= 0);
            }
            InvalidPictureException.Unless(symbols is > 0 and <= 256 && rest.Length > CodeLengths + symbols);
            if (kind == 0)
                CheckDirect(rest.Slice(1 + CodeLengths, symbols));
            (kind == 0 ? _direct : _alternating)[table] = true;
            rest = rest[(1 + CodeLengths + symbols)..];
        }
        return payload;
    }

    /// <summary>A symbol of a DC table is a number of bits: 15 at most, as decoders hold them.</summary>
    static void CheckDirect(ReadOnlySpan<byte> symbols)
    {
        foreach (var bits in symbols)
            InvalidPictureException.Unless(bits <= 15);
    }
}
