using IdentityHost.Data.Entities;

namespace IdentityHost.Protocol.Keys;

/// <summary>Where a key stands on its way.</summary>
internal enum KeyStage
{
    /// <summary>Published; it will sign.</summary>
    Announced,

    /// <summary>It signs.</summary>
    Signing,

    /// <summary>It only verifies.</summary>
    Retired,

    /// <summary>Nothing it signed can be alive; its row is about to be deleted.</summary>
    Gone,
}

/// <summary>The keys of one algorithm, each the successor of the one before it, at one instant.</summary>
/// <param name="keys">The rows, in any order.</param>
/// <param name="now">The instant.</param>
/// <param name="keep">How long after its retirement a key is still needed.</param>
internal sealed class KeyChain(IEnumerable<SigningKey> keys, DateTimeOffset now, TimeSpan keep)
{
    readonly List<SigningKey> _keys = [.. keys.OrderBy(k => k.ActivatesAt)];

    public SigningKey? Signing => _keys.LastOrDefault(k => StageOf(k, now) == KeyStage.Signing);

    /// <summary>The successor that waits. There is at most one.</summary>
    public SigningKey? Announced => _keys.FirstOrDefault(k => StageOf(k, now) == KeyStage.Announced);

    /// <summary>Whether a key signs, or will without anybody's doing.</summary>
    public bool IsLive => (Signing ?? Announced) is not null;

    public static KeyStage StageOf(SigningKey key, DateTimeOffset now) =>
        key.ExpiresAt <= now ? KeyStage.Gone
        : key.RetiresAt <= now ? KeyStage.Retired
        : key.ActivatesAt <= now ? KeyStage.Signing
        : KeyStage.Announced;

    /// <summary>Lets the key sign from an instant on, and the one that signs now until then.</summary>
    public void HandOver(SigningKey successor, DateTimeOffset at)
    {
        successor.ActivatesAt = at;
        if (Signing is { } current && current != successor)
            Retire(current, at);
    }

    public void Retire(SigningKey key, DateTimeOffset at) => (key.RetiresAt, key.ExpiresAt) = (at, at + keep);

    /// <summary>Takes a key out, as if it had never been. Whom it was to succeed signs on.</summary>
    public void Remove(SigningKey key)
    {
        if (StageOf(key, now) == KeyStage.Announced && Signing is { } current)
            (current.RetiresAt, current.ExpiresAt) = (null, null);
        _keys.Remove(key);
    }
}
