using System.Buffers;
using System.Text.Json;
using IdentityHost.Protocol.Endpoints;

namespace IdentityHost.Protocol.Keys;

/// <summary>Writes the public halves as a JWK set (RFC 7517 §5).</summary>
internal static class JwksDocument
{
    public static CachedDocument Write(IEnumerable<SigningKeyHandle> keys)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartArray("keys"u8);
            foreach (var key in keys)
            {
                json.WriteStartObject();
                foreach (var (name, value) in key.PublicMembers)
                    json.WriteString(name, value);
                json.WriteString("use"u8, "sig"u8);
                json.WriteString("alg"u8, key.Algorithm);
                json.WriteString("kid"u8, key.Kid);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return new CachedDocument(buffer.WrittenMemory);
    }
}
