using System.Buffers;
using System.IO.Pipelines;
using System.Text;

namespace IdentityHost.Protocol.Endpoints;

/// <summary>
/// Splits a form-encoded body into its fields, in order and with repetitions, which the framework's reader folds together. Bytes that are
/// not UTF-8, in the clear or behind a percent sign, are refused instead of replaced: two different passwords must not become one.
/// </summary>
internal sealed class StrictFormReader(PipeReader body)
{
    static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The fields, or null where the body is larger than allowed or has too many.</summary>
    /// <exception cref="DecoderFallbackException">A name or value is not UTF-8.</exception>
    public async Task<List<KeyValuePair<string, string>>?> ReadAsync(int maximumBytes, int maximumFields, CancellationToken cancellationToken)
    {
        ReadResult read;
        while (true)
        {
            read = await body.ReadAsync(cancellationToken);
            if (read.Buffer.Length > maximumBytes)
            {
                body.AdvanceTo(read.Buffer.End);
                return null;
            }
            if (read.IsCompleted)
                break;
            body.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
        var length = (int)read.Buffer.Length;
        var bytes = ArrayPool<byte>.Shared.Rent(Math.Max(1, length));
        try
        {
            read.Buffer.CopyTo(bytes);
            body.AdvanceTo(read.Buffer.End);
            return Split(bytes.AsSpan(0, length), maximumFields);
        }
        finally
        {
            // The body held a password.
            ArrayPool<byte>.Shared.Return(bytes, clearArray: true);
        }
    }

    static List<KeyValuePair<string, string>>? Split(Span<byte> form, int maximumFields)
    {
        var fields = new List<KeyValuePair<string, string>>(8);
        while (form.Length > 0)
        {
            var end = form.IndexOf((byte)'&');
            var field = end < 0 ? form : form[..end];
            form = end < 0 ? [] : form[(end + 1)..];
            if (field.IsEmpty)
                continue;
            if (fields.Count == maximumFields)
                return null;
            var equals = field.IndexOf((byte)'=');
            fields.Add(equals < 0
                ? new(Decode(field), "")
                : new(Decode(field[..equals]), Decode(field[(equals + 1)..])));
        }
        return fields;
    }

    /// <summary>Decodes in place; what it writes is never longer than what it read. A percent sign without two hex digits stands for itself.</summary>
    static string Decode(Span<byte> part)
    {
        var length = 0;
        for (var i = 0; i < part.Length; i++)
        {
            var b = part[i];
            if (b == '+')
            {
                b = (byte)' ';
            }
            else if (b == '%' && i + 2 < part.Length && char.IsAsciiHexDigit((char)part[i + 1]) && char.IsAsciiHexDigit((char)part[i + 2]))
            {
                b = (byte)((HexValue(part[i + 1]) << 4) | HexValue(part[i + 2]));
                i += 2;
            }
            part[length++] = b;
        }
        return Utf8.GetString(part[..length]);
    }

    static int HexValue(byte digit) => digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
}
