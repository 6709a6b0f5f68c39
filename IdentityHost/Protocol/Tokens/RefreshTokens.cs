using System.Buffers.Binary;
using IdentityHost.Protocol.Keys;

namespace IdentityHost.Protocol.Tokens;

/// <summary>A refresh token that was taken apart and is ours: which grant, which generation, which salt. Whether it still works, the row says.</summary>
internal sealed record RefreshTokenParts(Guid GrantId, int Generation, byte[] Salt);

/// <summary>
/// Refresh tokens are derived, not stored: an HMAC with a key of the server over grant, generation and the grant's salt. So a client that
/// lost the answer gets the same successor again, a forged one is refused without asking the database, and a dump of it holds none.
/// </summary>
internal sealed class RefreshTokens(ServerKey key)
{
    /// <summary>Tells people and secret scanners what it is.</summary>
    public const string Prefix = "ih_rt_";

    public const int SaltLength = 16;

    const int GrantLength = 16;
    const int GenerationLength = 4;
    const int BodyLength = GrantLength + GenerationLength + SaltLength;

    /// <summary>The token of one generation of a grant: always the same text.</summary>
    public string Derive(Guid grantId, int generation, ReadOnlySpan<byte> salt)
    {
        Span<byte> body = stackalloc byte[BodyLength];
        grantId.TryWriteBytes(body, bigEndian: true, out _);
        BinaryPrimitives.WriteInt32BigEndian(body[GrantLength..], generation);
        salt.CopyTo(body[(GrantLength + GenerationLength)..]);
        return DerivedToken.Write(key, Prefix, Label, body);
    }

    /// <summary>Takes a token apart; null where it is not one that this server made.</summary>
    public RefreshTokenParts? Parse(string text)
    {
        Span<byte> body = stackalloc byte[BodyLength];
        if (!DerivedToken.TryRead(key, Prefix, Label, text, body))
            return null;
        return new RefreshTokenParts(
            new Guid(body[..GrantLength], bigEndian: true),
            BinaryPrimitives.ReadInt32BigEndian(body[GrantLength..]),
            body.Slice(GrantLength + GenerationLength, SaltLength).ToArray());
    }

    static ReadOnlySpan<byte> Label => "identityhost refresh token 1\0"u8;
}
