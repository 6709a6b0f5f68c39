using System.Collections.Concurrent;
using IdentityHost.ResourceServer;

namespace IdentityHost.Protocol.Clients;

/// <summary>
/// The keys behind the <c>jwks_uri</c> of applications, read through the client that refuses inside addresses. They are kept ten minutes; a name that
/// is not among them has them read again, a few times a minute at most, so that an application may change its keys at any moment and nobody can
/// make us knock at its door for each name they invent.
/// </summary>
internal sealed partial class FetchedKeys(Egress egress, TimeProvider clock, ILogger<FetchedKeys> logger)
{
    /// <summary>More applications are not remembered at a time: strangers' registrations must not fill the memory.</summary>
    const int MaximumKept = 10_000;

    const int MaximumSize = 256 * 1024;
    const int MostReads = 5;

    static readonly TimeSpan Within = TimeSpan.FromSeconds(5);
    static readonly TimeSpan Fresh = TimeSpan.FromMinutes(10);
    static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    /// <summary>While they cannot be read, the last that were are believed so long: a pause of the application's site must not shut it out.</summary>
    static readonly TimeSpan Stale = TimeSpan.FromHours(1);

    readonly ConcurrentDictionary<Source, Site> _sites = new();

    /// <summary>The key; null where there is none of that name, or the keys cannot be read.</summary>
    /// <param name="address">The application's <c>jwks_uri</c>.</param>
    /// <param name="only">The algorithm that it registered; null for the one of each key.</param>
    /// <param name="keyId">As the assertion's header names it.</param>
    /// <param name="algorithm">As the assertion's header names it.</param>
    /// <param name="cancellationToken">Gives up earlier.</param>
    public async ValueTask<AccessTokenKey?> FindAsync(string address, string? only, string? keyId, string algorithm, CancellationToken cancellationToken)
    {
        if (_sites.Count >= MaximumKept)
            _sites.Clear();
        var source = new Source(address, only);
        var site = _sites.GetOrAdd(source, static _ => new Site());
        if (site.Find(keyId, algorithm, clock.GetUtcNow()) is { } known)
            return known;
        await site.One.WaitAsync(cancellationToken);
        try
        {
            // Whoever waited finds what the one before read.
            if (site.Find(keyId, algorithm, clock.GetUtcNow()) is { } found)
                return found;
            if (site.MayRead(clock.GetUtcNow()) && await ReadAsync(source, cancellationToken) is { } keys)
                site.Keep(keys, clock.GetUtcNow());
            return site.FindStale(keyId, algorithm, clock.GetUtcNow());
        }
        finally
        {
            site.One.Release();
        }
    }

    async Task<ClientKeySet?> ReadAsync(Source source, CancellationToken cancellationToken)
    {
        try
        {
            if (await egress.ReadAsync(new Uri(source.Address), "application/jwk-set+json, application/json", MaximumSize, Within, cancellationToken) is { } body
                && ClientKeySet.Parse(body, source.Only) is { } keys)
                return keys;
            Unread(logger, source.Address, "the answer is no JWK set");
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException && !cancellationToken.IsCancellationRequested)
        {
            Unread(logger, source.Address, e.Message);
        }
        return null;
    }

    [LoggerMessage(2011, LogLevel.Warning, "The keys of an application could not be read from {Address}: {Reason}")]
    static partial void Unread(ILogger logger, string address, string reason);

    readonly record struct Source(string Address, string? Only);

    /// <summary>What was read from one address, and how often. All but <see cref="Find"/> by one caller at a time.</summary>
    sealed class Site
    {
        volatile Kept? _kept;
        DateTimeOffset _windowBegan;
        int _reads;

        public SemaphoreSlim One { get; } = new(1);

        public AccessTokenKey? Find(string? keyId, string algorithm, DateTimeOffset now) => Find(keyId, algorithm, now, Fresh);

        public AccessTokenKey? FindStale(string? keyId, string algorithm, DateTimeOffset now) => Find(keyId, algorithm, now, Stale);

        public void Keep(ClientKeySet keys, DateTimeOffset now) => _kept = new Kept(keys, now);

        public bool MayRead(DateTimeOffset now)
        {
            if ((now - _windowBegan).Duration() >= Window)
                (_windowBegan, _reads) = (now, 0);
            return _reads++ < MostReads;
        }

        AccessTokenKey? Find(string? keyId, string algorithm, DateTimeOffset now, TimeSpan age) =>
            _kept is { } kept && (now - kept.ReadAt).Duration() < age ? kept.Keys.Find(keyId, algorithm) : null;
    }

    sealed record Kept(ClientKeySet Keys, DateTimeOffset ReadAt);
}
