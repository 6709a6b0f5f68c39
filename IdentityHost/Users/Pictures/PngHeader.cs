using System.Buffers.Binary;

namespace IdentityHost.Users.Pictures;

/// <summary>The header of a PNG (IHDR, PNG §11.2.1): from it the size of everything that follows is known to the byte.</summary>
internal sealed record PngHeader(int Width, int Height, int Depth, int ColorType, bool Interlaced)
{
    const int Length = 13;

    public const int Greyscale = 0;
    public const int TrueColor = 2;
    public const int Indexed = 3;
    const int GreyscaleAlpha = 4;
    const int TrueColorAlpha = 6;

    /// <exception cref="InvalidPictureException">It is none, or of a picture that is too large.</exception>
    public static PngHeader Read(PngChunk chunk)
    {
        InvalidPictureException.Unless(chunk is { Type: "IHDR", Data.Length: Length });
        var data = chunk.Data.Span;
        var width = BinaryPrimitives.ReadUInt32BigEndian(data);
        var height = BinaryPrimitives.ReadUInt32BigEndian(data[4..]);
        PictureLimits.CheckDimensions(width, height);
        var header = new PngHeader((int)width, (int)height, data[8], data[9], Interlaced: data[12] == 1);
        // Compression 0, filter 0; no interlacing or Adam7.
        InvalidPictureException.Unless(header.IsDepthAllowed && data is [.., 0, 0, <= 1]);
        return header;
    }

    /// <summary>PNG §11.2.1, table 12.</summary>
    bool IsDepthAllowed => ColorType switch
    {
        Greyscale => Depth is 1 or 2 or 4 or 8 or 16,
        Indexed => Depth is 1 or 2 or 4 or 8,
        TrueColor or GreyscaleAlpha or TrueColorAlpha => Depth is 8 or 16,
        _ => false,
    };

    int BitsPerPixel => Depth * ColorType switch
    {
        TrueColor => 3,
        GreyscaleAlpha => 2,
        TrueColorAlpha => 4,
        _ => 1,
    };

    /// <summary>The bytes of the longest row, with the filter's in front.</summary>
    public int LongestRow => RowOf(Width);

    /// <summary>The picture's rows as they are packed: one pass, or Adam7's seven (PNG §8.2), of which small pictures leave some empty.</summary>
    public IEnumerable<(int RowBytes, int Rows)> Passes()
    {
        if (!Interlaced)
            return [(RowOf(Width), Height)];
        return new (int X, int Y, int StepX, int StepY)[]
            {
                (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2),
            }
            .Select(pass => (Columns: (Width - pass.X + pass.StepX - 1) / pass.StepX, Rows: (Height - pass.Y + pass.StepY - 1) / pass.StepY))
            .Where(pass => pass is { Columns: > 0, Rows: > 0 })
            .Select(pass => (RowOf(pass.Columns), pass.Rows));
    }

    public byte[] ToBytes()
    {
        var data = new byte[Length];
        BinaryPrimitives.WriteInt32BigEndian(data, Width);
        BinaryPrimitives.WriteInt32BigEndian(data.AsSpan(4), Height);
        (data[8], data[9], data[12]) = ((byte)Depth, (byte)ColorType, Interlaced ? (byte)1 : (byte)0);
        return data;
    }

    int RowOf(int pixels) => 1 + (pixels * BitsPerPixel + 7) / 8;
}
