using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using IdentityHost.Data;
using IdentityHost.Data.Entities;
using IdentityHost.ResourceServer;

namespace IdentityHost.Revocation;

/// <summary>One live row of the feed.</summary>
internal readonly record struct Revoked(RevocationKind Kind, string Key, int Epoch, DateTimeOffset ExpiresAt);

/// <summary>
/// The live rows of the feed in memory, so that a request is judged by a few look-ups and no query. Filled by <see cref="RevocationFeed"/>;
/// whoever relies on it asks <see cref="IsFresh"/> first.
/// </summary>
internal sealed class RevocationCopy
{
    /// <summary>The oldest copy that may be relied on: the promise is that a revocation is obeyed by every node within this time.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    readonly ImmutableArray<ConcurrentDictionary<string, Entry>> _kinds =
        [.. Enum.GetValues<RevocationKind>().Select(_ => new ConcurrentDictionary<string, Entry>(StringComparer.Ordinal))];

    // Null while nobody may rely on the copy; replaced as a whole, since it is more than one word.
    volatile AsOf? _asOf;
    int _globalEpoch;
    int _clears;

    /// <summary>Whether the copy provably holds everything that was committed until <see cref="Patience"/> ago.</summary>
    public bool IsFresh => _asOf is { } asOf && asOf.Instant.IsWithin(Patience);

    /// <summary>The epoch that tokens must carry (<c>gep</c>).</summary>
    public int GlobalEpoch => Volatile.Read(ref _globalEpoch);

    /// <summary>As <see cref="IsRevoked"/>; null where the copy cannot be relied on, and somebody else must judge.</summary>
    public bool? Judge(AccessToken token)
    {
        var clears = Volatile.Read(ref _clears);
        if (!IsFresh)
            return null;
        var revoked = IsRevoked(token);
        // It may have been emptied in between, and then it held nothing against the token.
        return Volatile.Read(ref _clears) == clears ? revoked : null;
    }

    /// <summary>Whether the token, its grant, session, user, application, key or everything was revoked, by what the copy holds.</summary>
    public bool IsRevoked(AccessToken token) =>
        // Not "below": a restored database counts on from an older epoch than that of tokens it has never heard of.
        token.GlobalEpoch != GlobalEpoch
        || Holds(RevocationKind.Token, token.TokenId)
        || (token.GrantId is { } grant && Holds(RevocationKind.Grant, grant))
        || (token.SessionId is { } session && Holds(RevocationKind.Session, session))
        // Only a person's token has a user epoch; a client's sub is no user's id.
        || (token.UserEpoch is { } epoch
            && (IsBelow(RevocationKind.User, token.Subject, epoch) || IsBelow(RevocationKind.UserAccess, token.Subject, epoch)))
        || IsBelow(RevocationKind.Application, token.ClientId, token.ApplicationEpoch)
        || Holds(RevocationKind.Key, token.KeyId);

    /// <summary>Whether a failure counter's key is blocked, or was a moment ago: the database knows until when.</summary>
    public bool HoldsBlock(string key) => Of(RevocationKind.Block).ContainsKey(key);

    /// <summary>What is held now, in no order.</summary>
    public IEnumerable<Revoked> Rows =>
        from kind in Enum.GetValues<RevocationKind>()
        from entry in Of(kind)
        select new Revoked(kind, entry.Key, entry.Value.Epoch, entry.Value.ExpiresAt);

    /// <summary>Adds a row. Rows of one key may come in any order: the highest epoch and the latest end stay.</summary>
    public void Apply(in Revoked row)
    {
        var added = new Entry(row.Epoch, row.ExpiresAt);
        Of(row.Kind).AddOrUpdate(row.Key, added, (_, held) => new Entry(
            Math.Max(held.Epoch, added.Epoch), held.ExpiresAt > added.ExpiresAt ? held.ExpiresAt : added.ExpiresAt));
    }

    /// <summary>Every row up to this moment has been applied.</summary>
    /// <param name="readAt">When the read began.</param>
    /// <param name="globalEpoch">The global epoch that was read with the rows.</param>
    public void Complete(Instant readAt, int globalEpoch)
    {
        Volatile.Write(ref _globalEpoch, globalEpoch);
        _asOf = new AsOf(readAt);
    }

    /// <summary>Something may be missing: until the next <see cref="Complete"/> nobody relies on the copy.</summary>
    public void Doubt() => _asOf = null;

    /// <summary>Forgets rows whose tokens have all expired.</summary>
    public void Sweep(DateTimeOffset now)
    {
        foreach (var kind in _kinds)
        {
            foreach (var entry in kind)
            {
                // Only as it was seen: a longer one may have been applied meanwhile.
                if (entry.Value.ExpiresAt < now)
                    kind.TryRemove(entry);
            }
        }
    }

    /// <summary>Forgets everything, before all of it is read again.</summary>
    public void Clear()
    {
        Doubt();
        Interlocked.Increment(ref _clears);
        foreach (var kind in _kinds)
            kind.Clear();
    }

    ConcurrentDictionary<string, Entry> Of(RevocationKind kind) => _kinds[(int)kind];

    bool Holds(RevocationKind kind, string key) => Of(kind).ContainsKey(key);

    bool IsBelow(RevocationKind kind, string key, int epoch) => Of(kind).TryGetValue(key, out var entry) && epoch < entry.Epoch;

    sealed record AsOf(Instant Instant);

    [StructLayout(LayoutKind.Auto)]
    readonly record struct Entry(int Epoch, DateTimeOffset ExpiresAt);
}
