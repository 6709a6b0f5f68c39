using System.Collections.Immutable;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Http.Headers;
using Microsoft.Extensions.Logging;

namespace IdentityHost.ResourceServer.Remote;

/// <summary>
/// The issuer's keys in memory. Fetched again before the issuer's <c>max-age</c> ends, so that a key which is announced is known long before it signs;
/// at once when the feed says that they have changed; and now and then for a token whose key is not known.
/// </summary>
sealed partial class RemoteKeys(IssuerConnection issuer, ResourceServerMetrics metrics, ILogger<RemoteKeys> logger) : IAccessTokenKeys, IDisposable
{
    static readonly TimeSpan UsualAge = TimeSpan.FromMinutes(5);
    static readonly TimeSpan ShortestAge = TimeSpan.FromSeconds(4);
    static readonly TimeSpan LongestAge = TimeSpan.FromHours(12);

    /// <summary>Of the age that is allowed.</summary>
    const double RefreshAt = 0.7;

    /// <summary>After the feed has told of a change, the node that is asked may be one that learns of it a moment later.</summary>
    static readonly TimeSpan AskAgainAfter = TimeSpan.FromSeconds(2);

    static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    /// <summary>Strangers choose the <c>kid</c> of what they send: that may cost the issuer one request in this time, however many they send.</summary>
    static readonly TimeSpan UnknownEvery = TimeSpan.FromSeconds(5);

    readonly SemaphoreSlim _fetching = new(1);
    readonly SemaphoreSlim _wanted = new(0);
    readonly Lock _lock = new();
    volatile AccessTokenKeySet _keys = new([]);
    ImmutableDictionary<string, AccessTokenKey> _read = ImmutableDictionary.Create<string, AccessTokenKey>(StringComparer.Ordinal);
    EntityTagHeaderValue? _tag;
    Task? _unknown;
    long _unknownAt;
    int _changed;

    /// <summary>Whether any were ever read.</summary>
    public bool HasAny => _keys.Count > 0;

    public bool TryGet(ReadOnlySpan<char> kid, [NotNullWhen(true)] out AccessTokenKey? key) => _keys.TryGet(kid, out key);

    /// <summary>They have changed: fetch them now.</summary>
    public void Changed()
    {
        if (Interlocked.Exchange(ref _changed, 1) == 0)
        {
            _wanted.Release();
        }
    }

    /// <summary>
    /// Fetches the keys because of a token whose key is not known. One request at a time, whoever waits for it, and none soon after the last.
    /// </summary>
    /// <returns>Whether it is worth looking again.</returns>
    public async ValueTask<bool> FetchForUnknownAsync(CancellationToken cancellationToken)
    {
        Task fetch;
        lock (_lock)
        {
            if (_unknown is { IsCompleted: false } running)
            {
                fetch = running;
            }
            else if (_unknownAt != 0 && Stopwatch.GetElapsedTime(_unknownAt) < UnknownEvery)
            {
                return false;
            }
            else
            {
                _unknownAt = Stopwatch.GetTimestamp();
                fetch = _unknown = TryFetchAsync("unknown", CancellationToken.None);
            }
        }
        await fetch.WaitAsync(cancellationToken);
        return true;
    }

    /// <summary>Keeps them fresh until it is stopped.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        var reason = "start";
        while (!stopping.IsCancellationRequested)
        {
            var changed = Interlocked.Exchange(ref _changed, 0) != 0;
            var wait = await TryFetchAsync(changed ? "changed" : reason, stopping) is { } age ? age * RefreshAt : Retry;
            reason = "age";
            try
            {
                if (await _wanted.WaitAsync(changed && wait > AskAgainAfter ? AskAgainAfter : wait, stopping))
                {
                    continue;
                }
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    public void Dispose()
    {
        _fetching.Dispose();
        _wanted.Dispose();
    }

    /// <summary>How long the keys may be kept; null where they could not be fetched, and the old ones stay.</summary>
    async Task<TimeSpan?> TryFetchAsync(string reason, CancellationToken cancellationToken)
    {
        try
        {
            await _fetching.WaitAsync(cancellationToken);
            try
            {
                var age = await FetchAsync(cancellationToken);
                metrics.Fetched(reason, succeeded: true);
                return age;
            }
            finally
            {
                _fetching.Release();
            }
        }
        catch (Exception e)
        {
            // Whatever it was: what is known stays, and the next try comes soon.
            if (!cancellationToken.IsCancellationRequested)
            {
                metrics.Fetched(reason, succeeded: false);
                NotFetched(logger, e.Message);
            }
            return null;
        }
    }

    async Task<TimeSpan> FetchAsync(CancellationToken cancellationToken)
    {
        var endpoints = await issuer.EndpointsAsync(cancellationToken);
        using var request = new HttpRequestMessage(HttpMethod.Get, endpoints.Keys);
        if (_tag is not null)
        {
            request.Headers.IfNoneMatch.Add(_tag);
        }
        using var response = await issuer.SendAsync(request, cancellationToken);
        if (response.StatusCode != HttpStatusCode.NotModified)
        {
            using var document = await IssuerConnection.ReadAsync(response, cancellationToken);
            var read = KeyDocument.Read(document.RootElement, _read);
            (_read, _keys, _tag) = (read.ToImmutableDictionary(StringComparer.Ordinal), new AccessTokenKeySet(read.Values), response.Headers.ETag);
        }
        var age = response.Headers.CacheControl?.MaxAge ?? UsualAge;
        return age < ShortestAge ? ShortestAge : age > LongestAge ? LongestAge : age;
    }

    [LoggerMessage(5000, LogLevel.Warning, "The issuer's keys could not be fetched, those that are known stay in use: {Reason}")]
    static partial void NotFetched(ILogger logger, string reason);
}
