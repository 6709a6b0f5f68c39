using System.Buffers.Binary;

namespace IdentityHost.Users.Pictures;

/// <summary>The frame of a JPEG (T.81, B.2.2): size and components, and which of these its scans have brought.</summary>
internal sealed class JpegFrame
{
    const int LastCoefficient = 63;

    /// <summary>The most bits a progressive scan may leave for later (G.1.1.1.2).</summary>
    const int MostShift = 13;

    /// <summary>A scan of several components may have so many blocks in one unit (B.2.3).</summary>
    const int MostBlocks = 10;

    readonly bool _progressive;
    readonly (byte Id, int Blocks, int Quantization)[] _components;
    readonly HashSet<byte> _brought = [];

    JpegFrame(bool progressive, (byte, int, int)[] components) => (_progressive, _components) = (progressive, components);

    /// <summary>Whether every component was in a scan.</summary>
    public bool IsComplete => _brought.Count == _components.Length;

    /// <summary>Whether the components are called R, G and B, which some decoders take at its word.</summary>
    public bool IsNamedRgb => _components is [{ Id: (byte)'R' }, { Id: (byte)'G' }, { Id: (byte)'B' }];

    /// <exception cref="InvalidPictureException">Something in it is out of range, or the picture is too large.</exception>
    public static JpegFrame Read(ReadOnlyMemory<byte> payload, bool progressive)
    {
        var data = payload.Span;
        // Eight bits a sample, as browsers show; one, three or four components.
        InvalidPictureException.Unless(data.Length >= 6 && data[0] == 8 && data[5] is 1 or 3 or 4 && data.Length == 6 + 3 * data[5]);
        PictureLimits.CheckDimensions(BinaryPrimitives.ReadUInt16BigEndian(data[3..]), BinaryPrimitives.ReadUInt16BigEndian(data[1..]));
        var components = new (byte Id, int Blocks, int Quantization)[data[5]];
        for (var i = 0; i < components.Length; i++)
        {
            var part = data[(6 + 3 * i)..];
            var (horizontal, vertical) = (part[1] >> 4, part[1] & 15);
            InvalidPictureException.Unless(horizontal is >= 1 and <= 4 && vertical is >= 1 and <= 4 && part[2] <= 3);
            components[i] = (part[0], horizontal * vertical, part[2]);
        }
        InvalidPictureException.Unless(components.DistinctBy(c => c.Id).Count() == components.Length);
        return new JpegFrame(progressive, components);
    }

    /// <summary>The header of a scan (B.2.3).</summary>
    /// <exception cref="InvalidPictureException">It names what there is not, or is out of range.</exception>
    public void CheckScan(ReadOnlySpan<byte> data, JpegTables tables)
    {
        InvalidPictureException.Unless(data.Length >= 1 && data[0] is >= 1 and <= 4 && data.Length == 4 + 2 * data[0]);
        var (first, last, high, low) = (data[^3], data[^2], data[^1] >> 4, data[^1] & 15);
        InvalidPictureException.Unless(_progressive
            ? last <= LastCoefficient && (first == 0 ? last == 0 : first <= last && data[0] == 1) && high <= MostShift && low <= MostShift && (high == 0 || high == low + 1)
            : first == 0 && last == LastCoefficient && high == 0 && low == 0);
        var (seen, blocks) = (0, 0);
        for (var i = 0; i < data[0]; i++)
        {
            var (id, direct, alternating) = (data[1 + 2 * i], data[2 + 2 * i] >> 4, data[2 + 2 * i] & 15);
            // In the order of the frame, and none twice.
            var index = Array.FindIndex(_components, seen, c => c.Id == id);
            InvalidPictureException.Unless(index >= 0 && tables.HasQuantization(_components[index].Quantization));
            // The first DC scan needs its table, a refinement none; AC scans always theirs.
            InvalidPictureException.Unless((first > 0 || high > 0 || tables.HasDirect(direct)) && (last == 0 || tables.HasAlternating(alternating)));
            if (first == 0)
            {
                // Without progression each component comes once; with it the first DC scan must come before all others.
                InvalidPictureException.Unless((_progressive && high > 0) ? _brought.Contains(id) : _brought.Add(id));
            }
            else
            {
                InvalidPictureException.Unless(_brought.Contains(id));
            }
            seen = index + 1;
            blocks += _components[index].Blocks;
        }
        InvalidPictureException.Unless(data[0] == 1 || blocks <= MostBlocks);
    }
}
