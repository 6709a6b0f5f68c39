using System.Net;
using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json.Nodes;

namespace IdentityHost.Tests.Support;

/// <summary>One event of <c>/connect/revocations</c>.</summary>
sealed record FeedEvent(string Type, JsonObject Data);

/// <summary>A resource server's open stream, read event by event.</summary>
sealed class FeedReader : IAsyncDisposable
{
    public const string Client = "demo-service:demo-service-secret-for-development-only";

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    readonly HttpResponseMessage _response;
    readonly SseParser<string> _parser;
    readonly IAsyncEnumerator<SseItem<string>> _events;

    FeedReader(HttpResponseMessage response, Stream stream)
    {
        _response = response;
        _parser = SseParser.Create(stream);
        _events = _parser.EnumerateAsync().GetAsyncEnumerator();
    }

    /// <summary>What to send as <c>Last-Event-ID</c> when the stream is opened again.</summary>
    public string LastId => _parser.LastEventId;

    public HttpResponseMessage Response => _response;

    /// <summary>Asks for the stream. The answer may be a refusal.</summary>
    public static Task<HttpResponseMessage> AskAsync(HttpClient node, string? credentials = Client, string? lastId = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "/connect/revocations");
        if (credentials is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(credentials)));
        if (lastId is not null)
            request.Headers.Add("Last-Event-ID", lastId);
        return node.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    public static async Task<FeedReader> OpenAsync(HttpClient node, string? lastId = null)
    {
        var response = await AskAsync(node, lastId: lastId);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return new FeedReader(response, await response.Content.ReadAsStreamAsync());
    }

    /// <summary>The next event; null when the stream has ended.</summary>
    public async Task<FeedEvent?> NextAsync()
    {
        if (!await _events.MoveNextAsync().AsTask().WaitAsync(Patience))
            return null;
        return new FeedEvent(_events.Current.EventType, JsonNode.Parse(_events.Current.Data)!.AsObject());
    }

    /// <summary>Everything up to and including the first event of the type.</summary>
    public async Task<List<FeedEvent>> UntilAsync(string type)
    {
        List<FeedEvent> events = [];
        while (await NextAsync() is { } next)
        {
            events.Add(next);
            if (next.Type == type)
                return events;
        }
        Assert.Fail($"The stream ended without {type}: {string.Join(", ", events.Select(e => e.Type))}");
        return events;
    }

    /// <summary>Reads until a row of this kind and key has come; fails after a while.</summary>
    public async Task<JsonObject> UntilRowAsync(string kind, string key)
    {
        while (await NextAsync() is { } next)
        {
            if (RowsOf([next]).FirstOrDefault(r => r["kind"]!.GetValue<string>() == kind && r["key"]!.GetValue<string>() == key) is { } row)
                return row;
        }
        throw new InvalidOperationException($"The stream ended without {kind} {key}.");
    }

    public static IEnumerable<JsonObject> RowsOf(IEnumerable<FeedEvent> events) =>
        events.Where(e => e.Type == "revoked").SelectMany(e => e.Data["rows"]!.AsArray()).Select(r => r!.AsObject());

    public static HashSet<string> KeysOf(IEnumerable<FeedEvent> events) => RowsOf(events).Select(r => r["key"]!.GetValue<string>()).ToHashSet();

    public async ValueTask DisposeAsync()
    {
        _response.Dispose();
        try
        {
            await _events.DisposeAsync();
        }
        catch (Exception e) when (e is IOException or NotSupportedException or OperationCanceledException)
        {
            // Cut in the middle of a read, as it was meant.
        }
    }
}
