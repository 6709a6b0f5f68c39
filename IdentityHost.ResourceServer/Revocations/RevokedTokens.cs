using System.Collections.Immutable;

namespace IdentityHost.ResourceServer.Revocations;

/// <summary>
/// The revocations that are alive, in memory, so that a request is judged by a few look-ups and nothing else. The issuer's nodes fill it from
/// the database, resource servers from the issuer's feed; whoever relies on it asks <see cref="IsFresh"/> first.
/// </summary>
sealed class RevokedTokens
{
    /// <summary>The oldest copy that may be relied on: the promise is that a revocation is obeyed everywhere within this time.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    readonly ImmutableArray<RevokedKeys> _kinds = [.. Enum.GetValues<RevokedKind>().Select(_ => new RevokedKeys())];

    // Null while nobody may rely on the copy; replaced as a whole, since it is more than one word.
    volatile Moment? _asOf;
    volatile Moment? _lastComplete;
    int _globalEpoch;
    int _clears;

    /// <summary>Whether the copy provably holds everything that was committed until <see cref="Patience"/> ago.</summary>
    public bool IsFresh => _asOf is { } asOf && asOf.Instant.IsWithin(Patience);

    /// <summary>The epoch that tokens must carry (<c>gep</c>).</summary>
    public int GlobalEpoch => Volatile.Read(ref _globalEpoch);

    /// <summary>Whether the copy held everything that was committed until <paramref name="span"/> ago, however little it may be relied on now.</summary>
    public bool WasComplete(TimeSpan span) => _lastComplete is { } moment && moment.Instant.IsWithin(span);

    /// <summary>How old the copy is; null where it has never been complete.</summary>
    public TimeSpan? Age => _lastComplete is { } moment ? Instant.Now.Since(moment.Instant) : null;

    /// <summary>How often everything was forgotten: who reads all rows compares it before and after.</summary>
    public int Clears => Volatile.Read(ref _clears);

    /// <summary>Rows that are held.</summary>
    public int Count => _kinds.Sum(kind => kind.Count);

    /// <summary>As <see cref="IsRevoked"/>; null where the copy cannot be relied on, and somebody else must judge.</summary>
    public bool? Judge(AccessToken token)
    {
        var clears = Clears;
        if (!IsFresh)
        {
            return null;
        }
        var revoked = IsRevoked(token);
        // It may have been emptied in between, and then it held nothing against the token.
        return Clears == clears ? revoked : null;
    }

    /// <summary>Whether the token, its grant, session, user, application, key or everything was revoked, by what the copy holds.</summary>
    public bool IsRevoked(AccessToken token) =>
        // Not "below": a restored database counts on from an older epoch than that of tokens it has never heard of.
        token.GlobalEpoch != GlobalEpoch
        || Of(RevokedKind.Token).Holds(token.TokenId)
        || (token.GrantId is { } grant && Of(RevokedKind.Grant).Holds(grant))
        || (token.SessionId is { } session && Of(RevokedKind.Session).Holds(session))
        // Only a person's token has a user epoch; a client's sub is no user's id.
        || (token.UserEpoch is { } epoch
            && (Of(RevokedKind.User).IsBelow(token.Subject, epoch) || Of(RevokedKind.UserAccess).IsBelow(token.Subject, epoch)))
        || Of(RevokedKind.Application).IsBelow(token.ClientId, token.ApplicationEpoch)
        || Of(RevokedKind.Key).Holds(token.KeyId);

    /// <summary>What is held now, in no order.</summary>
    public IEnumerable<(RevokedKind Kind, string Key, RevokedEntry Entry)> Rows =>
        from kind in Enum.GetValues<RevokedKind>()
        from entry in Of(kind).Entries
        select (kind, entry.Key, entry.Value);

    /// <inheritdoc cref="RevokedKeys.Apply"/>
    public bool Apply(RevokedKind kind, string key, in RevokedEntry row) => Of(kind).Apply(key, row);

    /// <summary>Every row up to this moment has been applied.</summary>
    /// <param name="readAt">A moment at which the rows were not yet read.</param>
    /// <param name="globalEpoch">The global epoch that came with the rows.</param>
    public void Complete(Instant readAt, int globalEpoch)
    {
        Volatile.Write(ref _globalEpoch, globalEpoch);
        _asOf = _lastComplete = new Moment(readAt);
    }

    /// <summary>Something may be missing: until the next <see cref="Complete"/> nobody relies on the copy.</summary>
    public void Doubt() => _asOf = null;

    /// <inheritdoc cref="RevokedKeys.Sweep"/>
    public void Sweep(DateTimeOffset now)
    {
        foreach (var kind in _kinds)
        {
            kind.Sweep(now);
        }
    }

    /// <summary>Forgets everything, before all of it is read again.</summary>
    public void Clear()
    {
        Doubt();
        _lastComplete = null;
        Interlocked.Increment(ref _clears);
        foreach (var kind in _kinds)
        {
            kind.Clear();
        }
    }

    RevokedKeys Of(RevokedKind kind) => _kinds[(int)kind];

    sealed record Moment(Instant Instant);
}
