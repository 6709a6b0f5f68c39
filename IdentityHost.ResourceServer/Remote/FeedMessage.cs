using System.Text.Json;
using IdentityHost.ResourceServer.Revocations;

namespace IdentityHost.ResourceServer.Remote;

/// <summary>One row, as the feed tells it.</summary>
readonly record struct FeedRow(RevokedKind Kind, string Key, int Epoch, DateTimeOffset WrittenAt, DateTimeOffset Until);

/// <summary>The data of one event of the feed.</summary>
/// <param name="Rows">Of <c>revoked</c>.</param>
/// <param name="Now">Of <c>time</c>: everything that was committed before has been told.</param>
/// <param name="Epoch">Of <c>time</c>: the global epoch.</param>
sealed record FeedMessage(List<FeedRow> Rows, DateTimeOffset Now, int Epoch)
{
    /// <exception cref="InvalidDataException">It is not what this version understands. Then the copy must not be relied on: better to ask for each token.</exception>
    public static FeedMessage Read(string type, ReadOnlySpan<byte> data)
    {
        try
        {
            var reader = new Utf8JsonReader(data);
            using var document = JsonDocument.ParseValue(ref reader);
            var root = document.RootElement;
            return type switch
            {
                "revoked" => new FeedMessage([.. root.GetProperty("rows").EnumerateArray().Select(Row)], default, 0),
                "time" => new FeedMessage([], Time(root, "now"), root.GetProperty("epoch").GetInt32()),
                _ => new FeedMessage([], default, 0),
            };
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or ArgumentOutOfRangeException)
        {
            throw new InvalidDataException($"an event '{type}' that cannot be read", e);
        }
    }

    static FeedRow Row(JsonElement row) => new(
        KindOf(row.GetProperty("kind").GetString()),
        row.GetProperty("key").GetString()!,
        row.TryGetProperty("epoch", out var epoch) ? epoch.GetInt32() : 0,
        Time(row, "at"),
        Time(row, "until"));

    static DateTimeOffset Time(JsonElement element, string name) => DateTimeOffset.FromUnixTimeMilliseconds(element.GetProperty(name).GetInt64());

    static RevokedKind KindOf(string? name) => name switch
    {
        "token" => RevokedKind.Token,
        "grant" => RevokedKind.Grant,
        "session" => RevokedKind.Session,
        "user" => RevokedKind.User,
        "user-access" => RevokedKind.UserAccess,
        "application" => RevokedKind.Application,
        "key" => RevokedKind.Key,
        // Of a newer issuer: passing it over would accept what it kills.
        _ => throw new InvalidDataException($"a revocation of the kind '{name}', which this version does not know"),
    };
}
