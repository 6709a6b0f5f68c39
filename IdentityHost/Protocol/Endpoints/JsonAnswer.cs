using System.Buffers;
using System.Text.Json;

namespace IdentityHost.Protocol.Endpoints;

/// <summary>Writes a small JSON object that nobody may keep (RFC 6749 §5.1), with its length, so that it leaves in one piece.</summary>
internal static class JsonAnswer
{
    const int UsualSize = 1024;

    public static async Task WriteAsync(HttpResponse response, Action<Utf8JsonWriter> members)
    {
        var body = new ArrayBufferWriter<byte>(UsualSize);
        await using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }
        response.ContentType = "application/json";
        response.ContentLength = body.WrittenCount;
        response.Headers.CacheControl = "no-store";
        await response.BodyWriter.WriteAsync(body.WrittenMemory);
    }
}
