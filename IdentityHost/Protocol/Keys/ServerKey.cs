using System.Security.Cryptography;

namespace IdentityHost.Protocol.Keys;

/// <summary>
/// The secret that all nodes share and that never leaves them. Refresh tokens, authorization codes and pairwise subjects are derived with it
/// instead of being stored, so a dump of the database holds none of them.
/// </summary>
internal sealed class ServerKey
{
    /// <summary>Bytes of what <see cref="Authenticate"/> writes.</summary>
    public const int CodeLength = HMACSHA256.HashSizeInBytes;

    volatile byte[]? _key;

    /// <summary>Sets the key, at start.</summary>
    public void Use(byte[] key) => _key = key;

    /// <summary>An HMAC-SHA-256 over the label and the body.</summary>
    /// <param name="label">What the code is for, ending in NUL: it keeps one use of the key apart from any other.</param>
    /// <param name="body">What is authenticated.</param>
    /// <param name="code">Takes <see cref="CodeLength"/> bytes.</param>
    /// <exception cref="InvalidOperationException">The host has not started.</exception>
    public void Authenticate(ReadOnlySpan<byte> label, ReadOnlySpan<byte> body, Span<byte> code)
    {
        var key = _key ?? throw new InvalidOperationException("The server's key is not loaded: the host has not started.");
        Span<byte> labelled = label.Length + body.Length <= 512 ? stackalloc byte[label.Length + body.Length] : new byte[label.Length + body.Length];
        label.CopyTo(labelled);
        body.CopyTo(labelled[label.Length..]);
        HMACSHA256.HashData(key, labelled, code);
    }
}
