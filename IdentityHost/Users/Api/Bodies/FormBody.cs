using System.Text;

namespace IdentityHost.Users.Api.Bodies;

/// <summary>
/// <c>application/x-www-form-urlencoded</c> (WHATWG URL §5.1), except that bytes which are no UTF-8 are refused instead of replaced: two
/// different passwords must not become one.
/// </summary>
internal static class FormBody
{
    static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <exception cref="MalformedBodyException">Not UTF-8, or a broken escape.</exception>
    public static void Read(ReadOnlySpan<byte> content, MemberCollector members)
    {
        foreach (var range in content.Split((byte)'&'))
        {
            var pair = content[range];
            if (pair.IsEmpty)
                continue;
            var equals = pair.IndexOf((byte)'=');
            var name = Decode(equals < 0 ? pair : pair[..equals]);
            members.Add(name, new Member(MemberKind.Text, equals < 0 ? "" : Decode(pair[(equals + 1)..])));
        }
    }

    /// <summary>UTF-8 or nothing.</summary>
    /// <exception cref="MalformedBodyException">Not UTF-8.</exception>
    public static string Text(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw new MalformedBodyException("not Unicode text");
        }
    }

    static string Decode(ReadOnlySpan<byte> encoded)
    {
        var bytes = new byte[encoded.Length];
        var length = 0;
        for (var i = 0; i < encoded.Length; i++)
        {
            if (encoded[i] == '%')
            {
                if (i + 2 >= encoded.Length || Convert.FromHexString(encoded.Slice(i + 1, 2), bytes.AsSpan(length, 1), out _, out _) != System.Buffers.OperationStatus.Done)
                    throw new MalformedBodyException("a broken % escape");
                length++;
                i += 2;
            }
            else
            {
                bytes[length++] = encoded[i] == '+' ? (byte)' ' : encoded[i];
            }
        }
        return Text(bytes.AsSpan(0, length));
    }
}
