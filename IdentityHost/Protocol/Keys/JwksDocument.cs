using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;

namespace IdentityHost.Protocol.Keys;

/// <summary>Writes the public halves as a JWK set (RFC 7517 §5, RFC 7518 §6.2).</summary>
internal static class JwksDocument
{
    public static ReadOnlyMemory<byte> Write(IReadOnlyList<SigningKeyHandle> keys)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartArray("keys"u8);
            foreach (var key in keys)
            {
                json.WriteStartObject();
                json.WriteString("kty"u8, "EC"u8);
                json.WriteString("crv"u8, "P-256"u8);
                json.WriteString("x"u8, Base64Url.EncodeToString(key.PublicPoint.X));
                json.WriteString("y"u8, Base64Url.EncodeToString(key.PublicPoint.Y));
                json.WriteString("use"u8, "sig"u8);
                json.WriteString("alg"u8, key.Algorithm);
                json.WriteString("kid"u8, key.Kid);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return buffer.WrittenMemory;
    }
}
