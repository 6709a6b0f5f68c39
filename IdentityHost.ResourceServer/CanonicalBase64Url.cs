using System.Buffers;
using System.Buffers.Text;

namespace IdentityHost.ResourceServer;

/// <summary>
/// Base64url as RFC 7515 §2 has it: no padding, no white space, and unused bits zero, so that each byte string has exactly one spelling.
/// (The framework's decoder takes other spellings; a token with two spellings escapes whoever compares or remembers its text.)
/// </summary>
static class CanonicalBase64Url
{
    static readonly SearchValues<char> Alphabet =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    // Characters that may end a segment of length 4n+2 (last four bits zero) and 4n+3 (last two bits zero).
    const string EndsTwo = "AQgw";
    const string EndsThree = "AEIMQUYcgkosw048";

    public static bool TryDecode(ReadOnlySpan<char> text, Span<byte> destination, out int written)
    {
        written = 0;
        return !text.IsEmpty
            && text.IndexOfAnyExcept(Alphabet) < 0
            && (text.Length % 4) switch
            {
                0 => true,
                2 => EndsTwo.Contains(text[^1]),
                3 => EndsThree.Contains(text[^1]),
                _ => false,
            }
            && Base64Url.TryDecodeFromChars(text, destination, out written);
    }
}
