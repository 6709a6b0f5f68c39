using System.Buffers.Text;
using System.Security.Cryptography;
using IdentityHost.Protocol.Keys;
using IdentityHost.ResourceServer;

namespace IdentityHost.Protocol.Tokens;

/// <summary>
/// The text of a secret that is derived instead of stored: a prefix that tells people and secret scanners what it is, and in base64url a body
/// with the server's code over it. A forged one is refused without asking the database.
/// </summary>
internal static class DerivedToken
{
    public static string Write(ServerKey key, string prefix, ReadOnlySpan<byte> label, ReadOnlySpan<byte> body)
    {
        Span<byte> token = stackalloc byte[body.Length + ServerKey.CodeLength];
        body.CopyTo(token);
        key.Authenticate(label, body, token[body.Length..]);
        return prefix + Base64Url.EncodeToString(token);
    }

    /// <summary>Fills <paramref name="body"/>; false where this server did not write the text for this use.</summary>
    public static bool TryRead(ServerKey key, string prefix, ReadOnlySpan<byte> label, string text, Span<byte> body)
    {
        var length = body.Length + ServerKey.CodeLength;
        Span<byte> token = stackalloc byte[length];
        if (text.Length != prefix.Length + Base64Url.GetEncodedLength(length) || !text.StartsWith(prefix, StringComparison.Ordinal)
            || !CanonicalBase64Url.TryDecode(text.AsSpan(prefix.Length), token, out var written) || written != length)
            return false;
        Span<byte> expected = stackalloc byte[ServerKey.CodeLength];
        key.Authenticate(label, token[..body.Length], expected);
        token[..body.Length].CopyTo(body);
        return CryptographicOperations.FixedTimeEquals(expected, token[body.Length..]);
    }
}
