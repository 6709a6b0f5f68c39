using System.Buffers;
using IdentityHost.Protocol.Clients;
using IdentityHost.Revocation;
using IdentityHost.Revocation.Subscribers;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;

namespace IdentityHost.Protocol.Endpoints;

/// <summary>
/// <c>GET /connect/revocations</c>: what was revoked, as server-sent events, for resource servers that keep a copy. First what is alive (or, with
/// <c>Last-Event-ID</c>, what was missed), then every change, and the database's time twice a second. Ours; no RFC has it.
/// </summary>
internal sealed partial class RevocationStreamEndpoint(
    ClientAuthenticator authenticator,
    FeedSubscribers subscribers,
    IOptions<RevocationOptions> options,
    ILogger<RevocationStreamEndpoint> logger)
{
    /// <summary>The reader's clock and the database's drift apart, and a client may have lost its right: so it comes back now and then.</summary>
    static readonly TimeSpan LongestStream = TimeSpan.FromMinutes(10);

    /// <summary>Streams that began together, after a restart, must not end together.</summary>
    const int SpreadSeconds = 120;

    /// <summary>Who has not taken what was sent within this time is gone, or as good as gone.</summary>
    static readonly TimeSpan LongestWrite = TimeSpan.FromSeconds(5);

    static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);

    static ProtocolError NoResourceServer { get; } =
        new("unauthorized_client", "Only a resource server may follow revocations: a client with a secret and with Audiences.", StatusCodes.Status403Forbidden);

    public async Task HandleAsync(HttpContext context)
    {
        var request = context.Request;
        if ((await authenticator.AuthenticateAsync(request, FormParameters.Of(), context.RequestAborted)).Failed(out var error, out var client))
        {
            await ProtocolErrorWriter.WriteAsync(context, error);
            return;
        }
        if (client.IsPublic || client.Audiences.Length == 0)
        {
            await ProtocolErrorWriter.WriteAsync(context, NoResourceServer);
            return;
        }
        if (subscribers.Join(client.ClientId, FeedCursor.Parse(request.Headers["Last-Event-ID"])) is not { } opening)
        {
            await ProtocolErrorWriter.WriteAsync(context, ProtocolError.TemporarilyUnavailable(Soon));
            return;
        }
        try
        {
            await SendAsync(context, opening);
        }
        catch (OperationCanceledException)
        {
            // The reader has gone, or was too slow.
        }
        finally
        {
            subscribers.Leave(opening.Subscriber);
            Ended(logger, client.ClientId, opening.Subscriber.Ending ?? "left");
        }
    }

    async Task SendAsync(HttpContext context, FeedOpening opening)
    {
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        var response = context.Response;
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-store";
        // nginx would hold the events back.
        response.Headers["X-Accel-Buffering"] = "no";

        var output = response.BodyWriter;
        output.Write(FeedText.Retry.Span);
        if (opening.Anew)
            output.Write(FeedText.Reset.Span);
        foreach (var rows in opening.Rows.Chunk(FeedText.MostRows))
        {
            FeedText.WriteRevoked(output, rows, options.Value.Keep);
            await FlushAsync(context);
        }
        if (opening.Keys)
            output.Write(FeedText.Keys.Span);
        await FlushAsync(context);

        var subscriber = opening.Subscriber;
        var age = LongestStream + TimeSpan.FromSeconds(System.Security.Cryptography.RandomNumberGenerator.GetInt32(SpreadSeconds));
        await using var old = new Timer(_ => subscriber.End("old"), null, age, Timeout.InfiniteTimeSpan);
        while (await subscriber.Waiting.WaitToReadAsync(context.RequestAborted))
        {
            while (subscriber.Waiting.TryRead(out var message))
                output.Write(message.Span);
            await FlushAsync(context);
        }
        output.Write(FeedText.End(subscriber.Ending ?? "end").Span);
        await FlushAsync(context);
    }

    /// <summary>Waits until the reader has room. The server's own limit on slow readers looks at bytes in seconds, and an idle stream has few.</summary>
    static async Task FlushAsync(HttpContext context)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        patience.CancelAfter(LongestWrite);
        try
        {
            await context.Response.BodyWriter.FlushAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            context.Abort();
            throw;
        }
    }

    [LoggerMessage(3100, LogLevel.Debug, "The revocation stream of {ClientId} ends: {Reason}")]
    static partial void Ended(ILogger logger, string clientId, string reason);
}
