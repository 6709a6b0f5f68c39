using System.Buffers;
using System.Text;
using System.Text.Json;
using IdentityHost.Data.Entities;

namespace IdentityHost.Revocation.Subscribers;

/// <summary>
/// The events of <c>GET /connect/revocations</c>, as they are sent (HTML Standard §9.2, server-sent events). One text for all subscribers.
/// </summary>
internal static class FeedText
{
    /// <summary>Rows of one event: a reader with a small buffer must be able to take it.</summary>
    public const int MostRows = 500;

    /// <summary>How soon to come back after the stream has ended, in milliseconds.</summary>
    public static ReadOnlyMemory<byte> Retry { get; } = "retry: 250\n\n"u8.ToArray();

    /// <summary>Forget everything, the last id too: all that is alive follows.</summary>
    public static ReadOnlyMemory<byte> Reset { get; } = "event: reset\nid:\ndata: {}\n\n"u8.ToArray();

    /// <summary>The published keys have changed: fetch them again.</summary>
    public static ReadOnlyMemory<byte> Keys { get; } = "event: keys\ndata: {}\n\n"u8.ToArray();

    /// <summary>The stream ends here; come back with <c>Last-Event-ID</c>.</summary>
    public static ReadOnlyMemory<byte> End(string reason) => Encoding.ASCII.GetBytes($"event: end\ndata: {{\"reason\":\"{reason}\"}}\n\n");

    /// <summary>
    /// Everything that was committed before this time of the database (milliseconds since 1970) has been sent. Only this makes a copy fresh, and only here is an id.
    /// </summary>
    public static ReadOnlyMemory<byte> Time(DateTimeOffset now, int epoch, FeedCursor cursor) =>
        Encoding.ASCII.GetBytes(string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $"event: time\nid: {cursor}\ndata: {{\"now\":{now.ToUnixTimeMilliseconds()},\"epoch\":{epoch}}}\n\n"));

    /// <summary>Whether resource servers are told of rows of this kind: not of who may try, which is between nodes.</summary>
    public static bool Tells(RevocationKind kind) => NameOf(kind) is not null;

    /// <summary>Rows, in as many events as it takes.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="rows">Of kinds that are told.</param>
    /// <param name="keep">How long rows are kept, from which follows when each was written.</param>
    public static void WriteRevoked(IBufferWriter<byte> output, IReadOnlyList<Revoked> rows, TimeSpan keep)
    {
        for (var first = 0; first < rows.Count; first += MostRows)
        {
            output.Write("event: revoked\ndata: {\"rows\":["u8);
            using (var json = new Utf8JsonWriter(output, new JsonWriterOptions { SkipValidation = true }))
            {
                for (var i = first; i < Math.Min(rows.Count, first + MostRows); i++)
                    Write(json, rows[i], keep);
            }
            output.Write("]}\n\n"u8);
        }
    }

    /// <summary>Times are milliseconds since 1970: <c>at</c> is when the row was written, <c>until</c> when nobody needs it any more.</summary>
    static void Write(Utf8JsonWriter json, in Revoked row, TimeSpan keep)
    {
        json.WriteStartObject();
        json.WriteString("kind"u8, NameOf(row.Kind));
        json.WriteString("key"u8, row.Key);
        if (row.Kind is RevocationKind.User or RevocationKind.UserAccess or RevocationKind.Application)
            json.WriteNumber("epoch"u8, row.Epoch);
        json.WriteNumber("at"u8, (row.ExpiresAt - keep).ToUnixTimeMilliseconds());
        json.WriteNumber("until"u8, row.ExpiresAt.ToUnixTimeMilliseconds());
        json.WriteEndObject();
    }

    static string? NameOf(RevocationKind kind) => kind switch
    {
        RevocationKind.Token => "token",
        RevocationKind.Grant => "grant",
        RevocationKind.Session => "session",
        RevocationKind.User => "user",
        RevocationKind.UserAccess => "user-access",
        RevocationKind.Application => "application",
        RevocationKind.Key => "key",
        _ => null,
    };
}
