using IdentityHost.Data.Entities;
using IdentityHost.ResourceServer;
using IdentityHost.ResourceServer.Revocations;

namespace IdentityHost.Revocation;

/// <summary>One live row of the feed.</summary>
/// <param name="Kind">What is hit.</param>
/// <param name="Key">The identifier that the kind names.</param>
/// <param name="Epoch">For epoch kinds: tokens below it are dead.</param>
/// <param name="ExpiresAt">The row is needed until then.</param>
/// <param name="Xid">The transaction that wrote it; <see cref="RevokedEntry.Several"/> where rows of one key were joined.</param>
internal readonly record struct Revoked(RevocationKind Kind, string Key, int Epoch, DateTimeOffset ExpiresAt, ulong Xid = 0);

/// <summary>
/// The live rows of the feed in memory, so that a request is judged by a few look-ups and no query: those about tokens as every resource server
/// holds them, and those that nodes tell only one another. Filled by <see cref="RevocationFeed"/>; whoever relies on it asks
/// <see cref="IsFresh"/> first.
/// </summary>
internal sealed class RevocationCopy
{
    /// <inheritdoc cref="RevokedTokens.Patience"/>
    public static readonly TimeSpan Patience = RevokedTokens.Patience;

    readonly RevokedTokens _tokens = new();
    readonly RevokedKeys _all = new();
    readonly RevokedKeys _blocks = new();
    readonly RevokedKeys _signingKeys = new();

    /// <inheritdoc cref="RevokedTokens.IsFresh"/>
    public bool IsFresh => _tokens.IsFresh;

    /// <inheritdoc cref="RevokedTokens.GlobalEpoch"/>
    public int GlobalEpoch => _tokens.GlobalEpoch;

    /// <inheritdoc cref="RevokedTokens.Clears"/>
    public int Clears => _tokens.Clears;

    /// <inheritdoc cref="RevokedTokens.Judge"/>
    public bool? Judge(AccessToken token) => _tokens.Judge(token);

    /// <inheritdoc cref="RevokedTokens.IsRevoked"/>
    public bool IsRevoked(AccessToken token) => _tokens.IsRevoked(token);

    /// <summary>Whether a failure counter's key is blocked, or was a moment ago: the database knows until when.</summary>
    public bool HoldsBlock(string key) => _blocks.Holds(key);

    /// <summary>What is held now, in no order.</summary>
    public IEnumerable<Revoked> Rows =>
        _tokens.Rows.Select(row => Row((RevocationKind)row.Kind, KeyValuePair.Create(row.Key, row.Entry)))
            .Concat(_all.Entries.Select(entry => Row(RevocationKind.All, entry)))
            .Concat(_blocks.Entries.Select(entry => Row(RevocationKind.Block, entry)))
            .Concat(_signingKeys.Entries.Select(entry => Row(RevocationKind.SigningKeys, entry)));

    /// <inheritdoc cref="RevokedKeys.Apply"/>
    public bool Apply(in Revoked row)
    {
        var entry = new RevokedEntry(row.Epoch, row.ExpiresAt, row.Xid);
        return row.Kind switch
        {
            RevocationKind.All => _all.Apply(row.Key, entry),
            RevocationKind.Block => _blocks.Apply(row.Key, entry),
            RevocationKind.SigningKeys => _signingKeys.Apply(row.Key, entry),
            _ => _tokens.Apply((RevokedKind)row.Kind, row.Key, entry),
        };
    }

    /// <inheritdoc cref="RevokedTokens.Complete"/>
    public void Complete(Instant readAt, int globalEpoch) => _tokens.Complete(readAt, globalEpoch);

    /// <inheritdoc cref="RevokedTokens.Doubt"/>
    public void Doubt() => _tokens.Doubt();

    /// <inheritdoc cref="RevokedTokens.Sweep"/>
    public void Sweep(DateTimeOffset now)
    {
        _tokens.Sweep(now);
        _all.Sweep(now);
        _blocks.Sweep(now);
        _signingKeys.Sweep(now);
    }

    /// <inheritdoc cref="RevokedTokens.Clear"/>
    public void Clear()
    {
        _tokens.Clear();
        _all.Clear();
        _blocks.Clear();
        _signingKeys.Clear();
    }

    static Revoked Row(RevocationKind kind, KeyValuePair<string, RevokedEntry> entry) =>
        new(kind, entry.Key, entry.Value.Epoch, entry.Value.ExpiresAt, entry.Value.Transaction);
}
