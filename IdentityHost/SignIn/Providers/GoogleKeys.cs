using System.Collections.Frozen;
using System.Text.Json;
using IdentityHost.ResourceServer;
using Microsoft.Extensions.Options;

namespace IdentityHost.SignIn.Providers;

/// <summary>
/// Google's public keys (RFC 7517), kept as long as Google says, between five minutes and a day. A <c>kid</c> that is not among them has them read
/// again, once a minute at most: whoever invents names must not make us knock at Google for each.
/// </summary>
internal sealed class GoogleKeys(GoogleBackchannel backchannel, TimeProvider clock, IOptions<GoogleOptions> options) : IDisposable
{
    const int MostKeys = 32;
    const int LongestKeyId = 128;
    static readonly TimeSpan Shortest = TimeSpan.FromMinutes(5);
    static readonly TimeSpan Longest = TimeSpan.FromDays(1);
    static readonly TimeSpan BetweenRefreshes = TimeSpan.FromMinutes(1);

    readonly SemaphoreSlim _one = new(1);
    volatile Kept? _kept;

    /// <summary>The key of that name; null where Google has none.</summary>
    /// <exception cref="HttpRequestException">Google does not answer, or not with keys.</exception>
    public async Task<AccessTokenKey?> FindAsync(string keyId, CancellationToken cancellationToken)
    {
        if (keyId.Length is 0 or > LongestKeyId)
            return null;
        if (_kept is { } kept && IsEnough(kept, keyId))
            return kept.Keys.GetValueOrDefault(keyId);
        await _one.WaitAsync(cancellationToken);
        try
        {
            // Whoever waited finds what the one before fetched.
            if (_kept is not { } now || !IsEnough(now, keyId))
                _kept = now = await FetchAsync(cancellationToken);
            return now.Keys.GetValueOrDefault(keyId);
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();

    bool IsEnough(Kept kept, string keyId)
    {
        var now = clock.GetUtcNow();
        return now < kept.Until && (kept.Keys.ContainsKey(keyId) || now < kept.FetchedAt + BetweenRefreshes);
    }

    async Task<Kept> FetchAsync(CancellationToken cancellationToken)
    {
        using var response = await backchannel.Client.GetAsync(new Uri(options.Value.JwksUri), cancellationToken);
        if (!response.IsSuccessStatusCode)
            throw new HttpRequestException($"The keys could not be read: {(int)response.StatusCode}.");
        using var json = await JsonDocument.ParseAsync(await response.Content.ReadAsStreamAsync(cancellationToken), cancellationToken: cancellationToken);
        var keys = new Dictionary<string, AccessTokenKey>(StringComparer.Ordinal);
        if (json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("keys", out var list) && list.ValueKind == JsonValueKind.Array)
        {
            foreach (var key in list.EnumerateArray().Take(MostKeys).Select(Read).OfType<AccessTokenKey>())
                keys[key.KeyId] = key;
        }
        if (keys.Count == 0)
            throw new HttpRequestException("The answer holds no RS256 key.");
        var now = clock.GetUtcNow();
        var keep = response.Headers.CacheControl?.MaxAge ?? Shortest;
        return new Kept(keys.ToFrozenDictionary(StringComparer.Ordinal), now, now + (keep < Shortest ? Shortest : keep > Longest ? Longest : keep));
    }

    /// <summary>An RS256 key; null for one that is something else or cannot be used. Keys of other kinds may stand beside it.</summary>
    static AccessTokenKey? Read(JsonElement key) =>
        key.ValueKind == JsonValueKind.Object && JsonWebKey.KeyId(key) is { Length: <= LongestKeyId } id ? JsonWebKey.Read(key, id, AccessTokenKey.Rs256) : null;

    sealed record Kept(FrozenDictionary<string, AccessTokenKey> Keys, DateTimeOffset FetchedAt, DateTimeOffset Until);
}
