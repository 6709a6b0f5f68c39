using System.Text;

namespace IdentityHost;

/// <summary>
/// The fields of an <c>application/x-www-form-urlencoded</c> body (WHATWG URL §5.1), in order and with repetitions, which the framework's
/// reader folds together. Bytes that are not UTF-8, in the clear or behind a percent sign, are refused instead of replaced: two different
/// passwords must not become one. Stands in the root namespace: the protocol and the users API read forms alike.
/// </summary>
internal static class FormFields
{
    static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <exception cref="FormatException">A name or value is not UTF-8, or a percent sign stands without two hex digits; the message says which.</exception>
    public static List<KeyValuePair<string, string>> Parse(ReadOnlySpan<byte> form)
    {
        var fields = new List<KeyValuePair<string, string>>(8);
        foreach (var range in form.Split((byte)'&'))
        {
            var field = form[range];
            if (field.IsEmpty)
                continue;
            var equals = field.IndexOf((byte)'=');
            fields.Add(equals < 0
                ? new(Decode(field), "")
                : new(Decode(field[..equals]), Decode(field[(equals + 1)..])));
        }
        return fields;
    }

    /// <summary>One name or value: <c>+</c> is a space, <c>%XX</c> a byte of UTF-8.</summary>
    /// <exception cref="FormatException">As <see cref="Parse"/>.</exception>
    public static string Decode(ReadOnlySpan<byte> encoded)
    {
        Span<byte> bytes = encoded.Length <= 512 ? stackalloc byte[512] : new byte[encoded.Length];
        var length = 0;
        for (var i = 0; i < encoded.Length; i++)
        {
            if (encoded[i] != '%')
            {
                bytes[length++] = encoded[i] == '+' ? (byte)' ' : encoded[i];
                continue;
            }
            if (i + 2 >= encoded.Length || !char.IsAsciiHexDigit((char)encoded[i + 1]) || !char.IsAsciiHexDigit((char)encoded[i + 2]))
                throw new FormatException("a broken % escape");
            bytes[length++] = (byte)((HexValue(encoded[i + 1]) << 4) | HexValue(encoded[i + 2]));
            i += 2;
        }
        return Text(bytes[..length]);
    }

    /// <summary>UTF-8 or nothing.</summary>
    /// <exception cref="FormatException">Not UTF-8.</exception>
    public static string Text(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return Utf8.GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            throw new FormatException("not Unicode text", e);
        }
    }

    static int HexValue(byte digit) => digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
}
