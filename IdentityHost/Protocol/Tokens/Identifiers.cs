using System.Buffers.Text;
using System.Security.Cryptography;

namespace IdentityHost.Protocol.Tokens;

/// <summary>The identifiers that stand in tokens.</summary>
internal static class Identifiers
{
    /// <summary>Bytes of a <c>jti</c>: 160 bits.</summary>
    const int TokenIdLength = 20;

    /// <summary>A new <c>jti</c> (RFC 7519 §4.1.7): 160 random bits in base64url.</summary>
    public static string NewTokenId()
    {
        Span<byte> bytes = stackalloc byte[TokenIdLength];
        RandomNumberGenerator.Fill(bytes);
        return Base64Url.EncodeToString(bytes);
    }

    /// <summary>A new id of a row: ordered by time, so that new rows stand together in the index; not a secret.</summary>
    public static Guid NewRowId(DateTimeOffset now) => Guid.CreateVersion7(now);

    /// <summary>How a session's or grant's id is written in a token and in the revocation feed.</summary>
    public static string Text(Guid id) => id.ToString("N");
}
