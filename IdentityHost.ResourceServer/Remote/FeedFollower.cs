using System.Net.ServerSentEvents;
using System.Security.Cryptography;
using IdentityHost.ResourceServer.Revocations;
using Microsoft.Extensions.Logging;

namespace IdentityHost.ResourceServer.Remote;

/// <summary>
/// Keeps the copy of revocations equal to the issuer's: follows the stream, and comes back with its last id when it ends. While there is no stream
/// nobody relies on the copy.
/// </summary>
sealed partial class FeedFollower(IssuerConnection issuer, RevokedTokens copy, RemoteKeys keys, ResourceServerMetrics metrics, ILogger<FeedFollower> logger)
{
    /// <summary>The issuer tells the time twice a second: one that is silent for this long has gone without a word.</summary>
    static readonly TimeSpan Silence = TimeSpan.FromSeconds(3);

    static readonly TimeSpan SweepEvery = TimeSpan.FromSeconds(30);

    /// <summary>Milliseconds. The first pause is short, since usually another node answers; each further one is twice as long.</summary>
    const int ShortestPause = 50;
    const int LongestPause = 5000;

    readonly TaskCompletionSource _synchronized = new(TaskCreationOptions.RunContinuationsAsynchronously);
    string? _lastId;
    DateTimeOffset _lastSweep;
    int _failures;
    bool _away;

    /// <summary>Done when the copy is complete for the first time.</summary>
    public Task Synchronized => _synchronized.Task;

    /// <summary>Follows until it is stopped.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await FollowAsync(stopping);
            }
            catch (Exception e) when (!stopping.IsCancellationRequested)
            {
                _failures++;
                Tell(e);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            finally
            {
                // At once: what is revoked from now on does not reach it.
                copy.Doubt();
            }
            metrics.Reconnecting();
            await Task.Delay(Pause(), stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    async Task FollowAsync(CancellationToken stopping)
    {
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        silence.CancelAfter(Silence);
        var endpoints = await issuer.EndpointsAsync(silence.Token);
        var asked = Instant.Now;
        using var request = new HttpRequestMessage(HttpMethod.Get, endpoints.Feed);
        request.Headers.Accept.ParseAdd("text/event-stream");
        if (_lastId is not null)
        {
            request.Headers.TryAddWithoutValidation("Last-Event-ID", _lastId);
        }
        using var response = await issuer.OpenAsync(request, silence.Token);
        if (!response.IsSuccessStatusCode)
        {
            throw new IssuerException($"{endpoints.Feed.AbsolutePath} answered {(int)response.StatusCode}") { Status = (int)response.StatusCode };
        }
        await using var stream = await response.Content.ReadAsStreamAsync(silence.Token);
        var parser = SseParser.Create(stream, FeedMessage.Read);
        var clock = new FeedClock(asked);
        await foreach (var item in parser.EnumerateAsync(silence.Token))
        {
            silence.CancelAfter(Silence);
            switch (item.EventType)
            {
                case "reset":
                    _lastId = null;
                    copy.Clear();
                    break;
                case "revoked":
                    Apply(item.Data.Rows, clock);
                    break;
                case "keys":
                    keys.Changed();
                    break;
                case "time":
                    Complete(item.Data, clock.MomentOf(item.Data.Now) ?? throw new InvalidDataException("the issuer's clock has jumped"));
                    _lastId = parser.LastEventId;
                    break;
                case "end":
                    return;
            }
        }
    }

    void Apply(List<FeedRow> rows, FeedClock clock)
    {
        foreach (var row in rows)
        {
            if (copy.Apply(row.Kind, row.Key, new RevokedEntry(row.Epoch, row.Until, 0)) && clock.Since(row.WrittenAt) is { } delay)
            {
                metrics.Applied(delay);
            }
        }
    }

    void Complete(FeedMessage message, Instant moment)
    {
        copy.Complete(moment, message.Epoch);
        _failures = 0;
        _synchronized.TrySetResult();
        if (_away)
        {
            _away = false;
            Back(logger);
        }
        if (message.Now - _lastSweep > SweepEvery)
        {
            _lastSweep = message.Now;
            copy.Sweep(message.Now);
        }
    }

    /// <summary>A hundred APIs that lost the same node must not come back at the same instant.</summary>
    TimeSpan Pause()
    {
        var longest = Math.Min(LongestPause, ShortestPause << Math.Min(_failures, 7));
        return TimeSpan.FromMilliseconds(RandomNumberGenerator.GetInt32(longest / 2, longest));
    }

    void Tell(Exception exception)
    {
        if (exception is IssuerException { Status: 401 or 403 } refused)
        {
            Refused(logger, refused.Message);
        }
        else if (!_away)
        {
            Away(logger, exception is OperationCanceledException ? $"nothing was heard for {Silence.TotalSeconds:0} s" : exception.Message);
        }
        _away = true;
    }

    [LoggerMessage(5010, LogLevel.Warning, "The issuer's feed of revocations cannot be followed, the issuer is asked about each token until it can: {Reason}")]
    static partial void Away(ILogger logger, string reason);

    [LoggerMessage(5011, LogLevel.Error, "The issuer does not let this API follow revocations. Its client needs this secret, and Audiences that name this API: {Reason}")]
    static partial void Refused(ILogger logger, string reason);

    [LoggerMessage(5012, LogLevel.Information, "The issuer's feed of revocations is followed again")]
    static partial void Back(ILogger logger);
}
