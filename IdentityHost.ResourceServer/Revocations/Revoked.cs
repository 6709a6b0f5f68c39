using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace IdentityHost.ResourceServer.Revocations;

/// <summary>What a revocation hits. The numbers are those of the issuer's table.</summary>
enum RevokedKind
{
    /// <summary>One access token, by <c>jti</c>.</summary>
    Token = 0,

    /// <summary>Every token of a grant, by <c>gid</c>.</summary>
    Grant = 1,

    /// <summary>Everything below a session, by <c>sid</c>.</summary>
    Session = 2,

    /// <summary>Everything of a user issued under an epoch below the row's, by <c>sub</c>.</summary>
    User = 3,

    /// <summary>Everything of an application issued under an epoch below the row's, by <c>client_id</c>.</summary>
    Application = 4,

    /// <summary>Access tokens of a user issued under an epoch below the row's, by <c>sub</c>.</summary>
    UserAccess = 5,

    /// <summary>Everything that one signing key signed, by <c>kid</c>.</summary>
    Key = 6,
}

/// <summary>What is held against one key.</summary>
/// <param name="Epoch">For kinds that go by epochs: tokens below it are dead.</param>
/// <param name="ExpiresAt">No token that it hits can be alive after this.</param>
/// <param name="Transaction">Which transaction of the issuer wrote it: 0 where nobody asks, <see cref="Several"/> where it is joined from more than one.</param>
[StructLayout(LayoutKind.Auto)]
readonly record struct RevokedEntry(int Epoch, DateTimeOffset ExpiresAt, ulong Transaction)
{
    /// <summary>No reader may take such an entry for seen.</summary>
    public const ulong Several = ulong.MaxValue;
}

/// <summary>Everything of one kind, by key.</summary>
sealed class RevokedKeys
{
    readonly ConcurrentDictionary<string, RevokedEntry> _entries = new(StringComparer.Ordinal);

    public int Count => _entries.Count;

    public IEnumerable<KeyValuePair<string, RevokedEntry>> Entries => _entries;

    public bool Holds(string key) => _entries.ContainsKey(key);

    public bool IsBelow(string key, int epoch) => _entries.TryGetValue(key, out var entry) && epoch < entry.Epoch;

    /// <summary>Adds a row. Rows of one key may come in any order: the highest epoch and the latest end stay.</summary>
    /// <returns>Whether it said anything that was not known.</returns>
    public bool Apply(string key, in RevokedEntry row)
    {
        while (true)
        {
            if (!_entries.TryGetValue(key, out var held))
            {
                if (_entries.TryAdd(key, row))
                {
                    return true;
                }
                continue;
            }
            var joined = new RevokedEntry(
                Math.Max(held.Epoch, row.Epoch),
                held.ExpiresAt > row.ExpiresAt ? held.ExpiresAt : row.ExpiresAt,
                held.Transaction == row.Transaction ? held.Transaction : RevokedEntry.Several);
            if (joined == held)
            {
                return false;
            }
            if (_entries.TryUpdate(key, joined, held))
            {
                return true;
            }
        }
    }

    /// <summary>Forgets rows whose tokens have all expired.</summary>
    public void Sweep(DateTimeOffset now)
    {
        foreach (var entry in _entries)
        {
            // Only as it was seen: a longer one may have been applied meanwhile.
            if (entry.Value.ExpiresAt < now)
            {
                _entries.TryRemove(entry);
            }
        }
    }

    public void Clear() => _entries.Clear();
}
