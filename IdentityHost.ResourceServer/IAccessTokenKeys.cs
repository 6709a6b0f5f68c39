using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;

namespace IdentityHost.ResourceServer;

/// <summary>The keys that may have signed an access token, in memory. Asked on every request with a text that a stranger chose.</summary>
public interface IAccessTokenKeys
{
    /// <summary>Finds a key by its exact <c>kid</c>. Must not do I/O, block or remember unknown ids: that would let strangers cause all three.</summary>
    bool TryGet(ReadOnlySpan<char> kid, [NotNullWhen(true)] out AccessTokenKey? key);
}

/// <summary>A fixed set of keys. To rotate, make a new set and swap the reference.</summary>
public sealed class AccessTokenKeySet : IAccessTokenKeys
{
    readonly FrozenDictionary<string, AccessTokenKey> _keys;
    readonly FrozenDictionary<string, AccessTokenKey>.AlternateLookup<ReadOnlySpan<char>> _bySpan;

    /// <exception cref="ArgumentException">Two keys have one id.</exception>
    public AccessTokenKeySet(IEnumerable<AccessTokenKey> keys)
    {
        // ToFrozenDictionary would silently keep the last of two keys with one id.
        var unique = new Dictionary<string, AccessTokenKey>(StringComparer.Ordinal);
        foreach (var key in keys)
        {
            unique.Add(key.KeyId, key);
        }
        _keys = unique.ToFrozenDictionary(StringComparer.Ordinal);
        _bySpan = _keys.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>How many keys there are.</summary>
    public int Count => _keys.Count;

    /// <inheritdoc/>
    public bool TryGet(ReadOnlySpan<char> kid, [NotNullWhen(true)] out AccessTokenKey? key) => _bySpan.TryGetValue(kid, out key);
}
