using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;

namespace IdentityHost.ResourceServer.Remote;

/// <summary>
/// Asks the issuer about one token (RFC 7662), for each request, while the copy of revocations may be old. A yes is never kept: it would be
/// the old copy again. A no is, for a moment: whoever holds a dead token tends to send it often.
/// </summary>
sealed class Introspection(IssuerConnection issuer, ResourceServerMetrics metrics) : IDisposable
{
    static readonly TimeSpan KeepNo = TimeSpan.FromSeconds(10);

    /// <summary>After a question without an answer: callers are not kept waiting one after the other for an issuer that is away.</summary>
    static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(250);

    const int MostKept = 10_000;

    /// <summary>Questions at one time.</summary>
    const int MostAsked = 64;

    readonly ConcurrentDictionary<string, long> _dead = new(StringComparer.Ordinal);
    readonly SemaphoreSlim _asking = new(MostAsked);
    long _failedAt;

    /// <summary>Whether the issuer calls the token good.</summary>
    /// <exception cref="IssuerException">It cannot be asked.</exception>
    public async Task<bool> IsActiveAsync(string tokenId, string token, CancellationToken cancellationToken)
    {
        if (_dead.TryGetValue(tokenId, out var at) && Stopwatch.GetElapsedTime(at) < KeepNo)
        {
            return false;
        }
        var failedAt = Volatile.Read(ref _failedAt);
        if (failedAt != 0 && Stopwatch.GetElapsedTime(failedAt) < Rest)
        {
            throw new IssuerException("it did not answer a moment ago");
        }
        await _asking.WaitAsync(cancellationToken);
        try
        {
            var active = await AskAsync(token, cancellationToken);
            metrics.Asked(active ? "active" : "inactive");
            if (!active)
            {
                Remember(tokenId);
            }
            return active;
        }
        catch (Exception e) when (e is IssuerException or IOException)
        {
            Volatile.Write(ref _failedAt, Stopwatch.GetTimestamp());
            metrics.Asked("failed");
            throw e as IssuerException ?? new IssuerException(e.Message, e);
        }
        finally
        {
            _asking.Release();
        }
    }

    public void Dispose() => _asking.Dispose();

    async Task<bool> AskAsync(string token, CancellationToken cancellationToken)
    {
        var endpoints = await issuer.EndpointsAsync(cancellationToken);
        using var request = new HttpRequestMessage(HttpMethod.Post, endpoints.Introspection)
        {
            Content = new FormUrlEncodedContent([KeyValuePair.Create("token", token)]),
        };
        using var response = await issuer.SendWithSecretAsync(request, cancellationToken);
        using var document = await IssuerConnection.ReadAsync(response, cancellationToken);
        return document.RootElement.TryGetProperty("active", out var active) && active.ValueKind == JsonValueKind.True;
    }

    void Remember(string tokenId)
    {
        if (_dead.Count >= MostKept)
        {
            _dead.Clear();
        }
        _dead[tokenId] = Stopwatch.GetTimestamp();
    }
}
