using System.Security.Cryptography;
using System.Text;

namespace IdentityHost.Protocol.Clients;

/// <summary>
/// Client secrets at rest: salted SHA-256. They are random and at least 32 characters long, so there is nothing to guess that a slow hash
/// would protect, and a slow hash on every client request is what costs other servers milliseconds (docs/decisions/0003).
/// </summary>
internal static class ClientSecrets
{
    const int SaltLength = 16;

    public static (byte[] Hash, byte[] Salt) Hash(string secret)
    {
        var salt = RandomNumberGenerator.GetBytes(SaltLength);
        return (Compute(secret, salt), salt);
    }

    /// <summary>Compares in constant time. Without a stored hash it does the same work and answers false.</summary>
    public static bool Verify(string secret, byte[]? hash, byte[]? salt)
    {
        Span<byte> noSalt = stackalloc byte[SaltLength];
        Span<byte> noHash = stackalloc byte[SHA256.HashSizeInBytes];
        var equal = CryptographicOperations.FixedTimeEquals(Compute(secret, salt ?? noSalt), hash ?? noHash);
        return equal && hash is not null;
    }

    static byte[] Compute(string secret, ReadOnlySpan<byte> salt)
    {
        var input = new byte[salt.Length + Encoding.UTF8.GetByteCount(secret)];
        salt.CopyTo(input);
        Encoding.UTF8.GetBytes(secret, input.AsSpan(salt.Length));
        var hash = SHA256.HashData(input);
        CryptographicOperations.ZeroMemory(input);
        return hash;
    }
}
