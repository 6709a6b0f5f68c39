using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;

namespace IdentityHost.Protocol.Tokens;

/// <summary>A refresh token that was taken apart and is ours: which grant, which generation, which salt. Whether it still works, the row says.</summary>
internal sealed record RefreshTokenParts(Guid GrantId, int Generation, byte[] Salt);

/// <summary>
/// Refresh tokens are derived, not stored: an HMAC with a key of the server over grant, generation and the grant's salt. So a client that
/// lost the answer gets the same successor again, a forged one is refused without asking the database, and a dump of it holds none.
/// </summary>
internal sealed class RefreshTokens
{
    /// <summary>Tells people and secret scanners what it is.</summary>
    public const string Prefix = "ih_rt_";

    public const int SaltLength = 16;

    const int GrantLength = 16;
    const int GenerationLength = 4;
    const int BodyLength = GrantLength + GenerationLength + SaltLength;
    const int TokenLength = BodyLength + HMACSHA256.HashSizeInBytes;

    volatile byte[]? _key;

    byte[] Key => _key ?? throw new InvalidOperationException("The refresh-token key is not loaded: the host has not started.");

    /// <summary>Sets the server's key, at start.</summary>
    public void Use(byte[] key) => _key = key;

    /// <summary>The token of one generation of a grant: always the same text.</summary>
    public string Derive(Guid grantId, int generation, ReadOnlySpan<byte> salt)
    {
        Span<byte> token = stackalloc byte[TokenLength];
        grantId.TryWriteBytes(token, bigEndian: true, out _);
        BinaryPrimitives.WriteInt32BigEndian(token[GrantLength..], generation);
        salt.CopyTo(token[(GrantLength + GenerationLength)..]);
        Authenticate(token[..BodyLength], token[BodyLength..]);
        return Prefix + Base64Url.EncodeToString(token);
    }

    /// <summary>Takes a token apart; null where it is not one that this server made.</summary>
    public RefreshTokenParts? Parse(string text)
    {
        Span<byte> token = stackalloc byte[TokenLength];
        if (text.Length != Prefix.Length + Base64Url.GetEncodedLength(TokenLength) || !text.StartsWith(Prefix, StringComparison.Ordinal)
            || !Base64Url.TryDecodeFromChars(text.AsSpan(Prefix.Length), token, out var written) || written != TokenLength)
            return null;
        Span<byte> expected = stackalloc byte[HMACSHA256.HashSizeInBytes];
        Authenticate(token[..BodyLength], expected);
        if (!CryptographicOperations.FixedTimeEquals(expected, token[BodyLength..]))
            return null;
        return new RefreshTokenParts(
            new Guid(token[..GrantLength], bigEndian: true),
            BinaryPrimitives.ReadInt32BigEndian(token[GrantLength..]),
            token.Slice(GrantLength + GenerationLength, SaltLength).ToArray());
    }

    void Authenticate(ReadOnlySpan<byte> body, Span<byte> code)
    {
        // The label keeps this key's codes apart from any other use of it.
        Span<byte> labelled = stackalloc byte[Label.Length + BodyLength];
        Label.CopyTo(labelled);
        body.CopyTo(labelled[Label.Length..]);
        HMACSHA256.HashData(Key, labelled, code);
    }

    static ReadOnlySpan<byte> Label => "identityhost refresh token 1\0"u8;
}
