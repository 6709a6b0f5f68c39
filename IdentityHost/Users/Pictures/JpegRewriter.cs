using System.Buffers;
using System.Buffers.Binary;

namespace IdentityHost.Users.Pictures;

/// <summary>
/// Writes a JPEG (ITU-T T.81) anew, segment by segment: tables, frame, scans and their coded data, each checked for what it says. Of all
/// application segments two are understood and written by ourselves, the orientation and the colour transform; EXIF, GPS, profiles, thumbnails,
/// comments and whatever follows the end are not copied.
/// </summary>
internal sealed class JpegRewriter
{
    /// <summary>Each scan makes a decoder go through the whole picture; real ones have some ten.</summary>
    const int MostScans = 100;

    readonly JpegSegments _segments;
    readonly JpegTables _tables = new();
    readonly ArrayBufferWriter<byte> _body = new();
    JpegFrame? _frame;
    byte? _transform;
    bool _isJfif;
    ushort _orientation = ExifOrientation.Upright;
    bool _exifSeen;
    bool _restarts;
    int _scans;

    JpegRewriter(ReadOnlyMemory<byte> file) => _segments = new JpegSegments(file);

    /// <exception cref="InvalidPictureException">It is no JPEG, or not one that is kept.</exception>
    public static byte[] Rewrite(ReadOnlyMemory<byte> file) => new JpegRewriter(file).Run();

    byte[] Run()
    {
        while (Take(_segments.NextMarker()))
        {
            // The marker that ends the picture ends the loop.
        }
        var target = new ArrayBufferWriter<byte>(_body.WrittenCount + 64);
        target.Write((ReadOnlySpan<byte>)[0xff, JpegMarkers.Start]);
        if (_orientation != ExifOrientation.Upright)
            JpegSegments.Write(target, JpegMarkers.Application1, ExifOrientation.Write(_orientation));
        // A decoder that finds neither JFIF nor Adobe takes components that are called R, G and B for what they say.
        if (_transform is null && _isJfif && _frame!.IsNamedRgb)
            _transform = 1;
        if (_transform is { } transform)
            JpegSegments.Write(target, JpegMarkers.Adobe, [.. "Adobe"u8, 0, 100, 0, 0, 0, 0, transform]);
        target.Write(_body.WrittenSpan);
        target.Write((ReadOnlySpan<byte>)[0xff, JpegMarkers.End]);
        return target.WrittenSpan.ToArray();
    }

    /// <returns>False for the end of the picture.</returns>
    bool Take(byte marker)
    {
        switch (marker)
        {
            case JpegMarkers.End:
                InvalidPictureException.Unless(_frame is { IsComplete: true });
                return false;
            case JpegMarkers.Baseline or JpegMarkers.Extended or JpegMarkers.Progressive:
                // A second frame is a second picture.
                InvalidPictureException.Unless(_frame is null, InvalidPictureException.Frames);
                var frame = _segments.Payload();
                _frame = JpegFrame.Read(frame, progressive: marker == JpegMarkers.Progressive);
                Keep(marker, frame);
                return true;
            case JpegMarkers.QuantizationTables:
                Keep(marker, _tables.AddQuantization(_segments.Payload()));
                return true;
            case JpegMarkers.HuffmanTables:
                Keep(marker, _tables.AddHuffman(_segments.Payload()));
                return true;
            case JpegMarkers.RestartInterval:
                var interval = _segments.Payload();
                InvalidPictureException.Unless(interval.Length == 2);
                _restarts = BinaryPrimitives.ReadUInt16BigEndian(interval.Span) > 0;
                Keep(marker, interval);
                return true;
            case JpegMarkers.Scan:
                var scan = _segments.Payload();
                InvalidPictureException.Unless(_frame is not null && ++_scans <= MostScans);
                _frame!.CheckScan(scan.Span, _tables);
                Keep(marker, scan);
                _body.Write(_segments.CodedData(_restarts).Span);
                return true;
            case >= JpegMarkers.Application0 and <= JpegMarkers.Application15:
                Read(marker, _segments.Payload().Span);
                return true;
            case JpegMarkers.Comment:
                _segments.Payload();
                return true;
            default:
                // Lossless, hierarchical and arithmetic coding, a height that comes later, restarts outside a scan, and what is reserved.
                throw InvalidPictureException.Broken;
        }
    }

    void Read(byte marker, ReadOnlySpan<byte> data)
    {
        if (marker == JpegMarkers.Application0 && data.StartsWith("JFIF\0"u8))
            _isJfif = true;
        else if (marker == JpegMarkers.Application1 && !_exifSeen && data.StartsWith(ExifOrientation.Signature))
            (_exifSeen, _orientation) = (true, ExifOrientation.Read(data));
        else if (marker == JpegMarkers.Adobe && data.Length >= 12 && data.StartsWith("Adobe"u8) && data[11] <= 2)
            _transform = data[11];
    }

    void Keep(byte marker, ReadOnlyMemory<byte> payload) => JpegSegments.Write(_body, marker, payload.Span);
}
