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
    /// <param name="cancellationToken">Gives up the wait. The read goes on: whoever hangs up must not spend the reads of others.</param>
    public async ValueTask<AccessTokenKey?> FindAsync(string address, string? only, string? keyId, string algorithm, CancellationToken cancellationToken)
    {
        if (_sites.Count >= MaximumKept)
            _sites.Clear();
        var site = _sites.GetOrAdd(new Source(address, only), static _ => new Site());
        if (site.Find(keyId, algorithm, clock.GetUtcNow(), Fresh) is { } known)
            return known;
        var reading = Read(address, only, site);
        // Nobody waits for a site that was away a moment ago, if there is a key to go on with.
        if (site.WasAway && site.Find(keyId, algorithm, clock.GetUtcNow(), Stale) is { } stale)
            return stale;
        await reading.WaitAsync(cancellationToken);
        return site.Find(keyId, algorithm, clock.GetUtcNow(), site.WasAway ? Stale : Fresh);
    }

    /// <summary>The read that is under way, or a new one; nothing to wait for where there were too many.</summary>
    Task Read(string address, string? only, Site site)
    {
        lock (site)
        {
            if (!site.Reading.IsCompleted)
                return site.Reading;
            var now = clock.GetUtcNow();
            if ((now - site.WindowBegan).Duration() >= Window)
                (site.WindowBegan, site.Reads) = (now, 0);
            return site.Reads++ < MostReads ? site.Reading = ReadAsync(address, only, site) : Task.CompletedTask;
        }
    }

    async Task ReadAsync(string address, string? only, Site site)
    {
        try
        {
            if (await egress.ReadAsync(new Uri(address), "application/jwk-set+json, application/json", MaximumSize, Within, CancellationToken.None) is { } body
                && ClientKeySet.Parse(body, only) is { } keys)
            {
                site.Kept = new Kept(keys, clock.GetUtcNow());
                site.WasAway = false;
                return;
            }
            Unread(logger, address, "the answer is no JWK set");
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException)
        {
            Unread(logger, address, e.Message);
        }
        site.WasAway = true;
    }

    [LoggerMessage(2011, LogLevel.Warning, "The keys of an application could not be read from {Address}: {Reason}")]
    static partial void Unread(ILogger logger, string address, string reason);

    readonly record struct Source(string Address, string? Only);

    /// <summary>What was read from one address, and how often.</summary>
    sealed class Site
    {
        public volatile Kept? Kept;

        /// <summary>The last read came to nothing.</summary>
        public volatile bool WasAway;

        public Task Reading = Task.CompletedTask;
        public DateTimeOffset WindowBegan;
        public int Reads;

        public AccessTokenKey? Find(string? keyId, string algorithm, DateTimeOffset now, TimeSpan age) =>
            Kept is { } kept && (now - kept.ReadAt).Duration() < age ? kept.Keys.Find(keyId, algorithm) : null;
    }

    sealed record Kept(ClientKeySet Keys, DateTimeOffset ReadAt);
}
