using System.Buffers;
using System.Buffers.Text;
using System.Collections.Immutable;
using System.Text;
using System.Text.Json;

namespace IdentityHost.Protocol.Keys;

/// <summary>Writes the claims of a token and signs them (RFC 7515). No lock; the database only where the keys in memory may be old.</summary>
internal sealed class JwtSigner(SigningKeyStore keys, TimeProvider clock)
{
    /// <param name="algorithms">What to sign with: the first that has a key.</param>
    /// <param name="type">What it is.</param>
    /// <param name="content">What <paramref name="writeClaims"/> needs.</param>
    /// <param name="writeClaims">Writes the members of the payload; it is given the time of the signature, and called again if the key changes meanwhile.</param>
    /// <param name="cancellationToken">Stops the wait for keys.</param>
    public async ValueTask<string> SignAsync<TContent>(
        ImmutableArray<string> algorithms,
        JwtType type,
        TContent content,
        Action<Utf8JsonWriter, TContent, DateTimeOffset> writeClaims,
        CancellationToken cancellationToken)
    {
        while (true)
        {
            var key = await keys.ForSigningAsync(algorithms, cancellationToken);
            var now = clock.GetUtcNow();
            var payload = new ArrayBufferWriter<byte>(512);
            using (var json = new Utf8JsonWriter(payload))
            {
                json.WriteStartObject();
                writeClaims(json, content, now);
                json.WriteEndObject();
            }
            // A key that retires or is revoked while it signs must not have signed: then again, by its successor.
            if (TrySign(key, type, payload.WrittenSpan) is { } token && keys.IsStillRight(key, algorithms, now))
                return token;
        }
    }

    /// <summary>RFC 7515 §3.1: header, payload and signature in base64url, joined by dots. Null if the key was taken away.</summary>
    static string? TrySign(SigningKeyHandle key, JwtType type, ReadOnlySpan<byte> payload)
    {
        var header = key.HeaderOf(type);
        var signedLength = header.Length + 1 + Base64Url.GetEncodedLength(payload.Length);
        var length = signedLength + 1 + Base64Url.GetEncodedLength(key.SignatureLength);
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            header.CopyTo(buffer);
            buffer[header.Length] = (byte)'.';
            Base64Url.EncodeToUtf8(payload, buffer.AsSpan(header.Length + 1));
            Span<byte> longest = stackalloc byte[SigningKeyHandle.LongestSignature];
            var signature = longest[..key.SignatureLength];
            if (!key.TrySign(buffer.AsSpan(0, signedLength), signature))
                return null;
            buffer[signedLength] = (byte)'.';
            Base64Url.EncodeToUtf8(signature, buffer.AsSpan(signedLength + 1));
            return Encoding.ASCII.GetString(buffer, 0, length);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
