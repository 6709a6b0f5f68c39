using System.Collections.Immutable;
using System.Globalization;

namespace IdentityHost.Revocation.Subscribers;

/// <summary>
/// What a subscriber has seen, in a form that every node understands, and this one after a restart too (<c>Last-Event-ID</c>): all rows of transactions
/// below <see cref="Frontier"/>, without those that were still running.
/// </summary>
/// <remarks>
/// The frontier is one more than the newest transaction of which a row was seen, and not the number that the server would have given next: a server
/// that crashes may give numbers again that left nothing in its log, but never one below that of a row it has committed. So what is below
/// the frontier and was not running then can never get another row. See docs/decisions/0030.
/// </remarks>
/// <param name="Epoch">The global epoch: another one means that everything before is dead.</param>
/// <param name="System">The cluster: the numbers of another one mean other transactions. 0 where it is not known, and then nothing can be resumed.</param>
/// <param name="Frontier">Rows of this transaction and later ones were not seen.</param>
/// <param name="Running">Transactions below the frontier that had not committed.</param>
internal sealed record FeedCursor(int Epoch, long System, ulong Frontier, ImmutableArray<ulong> Running)
{
    /// <summary>More are not listed: the frontier moves back to the oldest of them instead, and some rows are sent twice.</summary>
    const int MostRunning = 64;

    /// <summary>Nothing is that long; what is longer is none of ours.</summary>
    const int LongestText = 2048;

    const char Separator = '.';
    const char RunningSeparator = '-';

    /// <summary>The cursor of a read.</summary>
    /// <param name="read">The read.</param>
    /// <param name="newest">The newest transaction of which a row was seen.</param>
    public static FeedCursor Of(FeedRead read, ulong newest)
    {
        var frontier = newest + 1;
        var running = RunningIn(read.Snapshot).Where(xid => xid < frontier).ToImmutableArray();
        return running.Length > MostRunning
            ? new FeedCursor(read.GlobalEpoch, read.System, running.Min(), [])
            : new FeedCursor(read.GlobalEpoch, read.System, frontier, running);
    }

    /// <summary>Null for what no node has written: then the subscriber is given everything.</summary>
    public static FeedCursor? Parse(string? text)
    {
        if (string.IsNullOrEmpty(text) || text.Length > LongestText || text.Split(Separator) is not { Length: 3 or 4 } parts)
            return null;
        if (!int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var epoch)
            || !ulong.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var system)
            || !ulong.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out var frontier))
            return null;
        var running = ImmutableArray.CreateBuilder<ulong>();
        foreach (var distance in parts.Length == 4 ? parts[3].Split(RunningSeparator) : [])
        {
            if (!ulong.TryParse(distance, NumberStyles.None, CultureInfo.InvariantCulture, out var below) || below > frontier)
                return null;
            running.Add(frontier - below);
        }
        if (running.Count > MostRunning)
            return null;
        return new FeedCursor(epoch, unchecked((long)system), frontier, running.ToImmutable());
    }

    /// <summary>Whether a subscriber that was here can go on from a node that is at <paramref name="now"/>.</summary>
    public bool LeadsTo(FeedCursor now) => System != 0 && System == now.System && Epoch == now.Epoch;

    /// <summary>Whether the subscriber has a row of this transaction. Rows that were joined from several never count as seen.</summary>
    public bool HasSeen(ulong xid) => xid < Frontier && !Running.Contains(xid);

    public override string ToString()
    {
        var head = string.Create(CultureInfo.InvariantCulture, $"{Epoch}{Separator}{unchecked((ulong)System)}{Separator}{Frontier}");
        return Running.IsEmpty
            ? head
            : head + Separator + string.Join(RunningSeparator, Running.Select(xid => (Frontier - xid).ToString(CultureInfo.InvariantCulture)));
    }

    /// <summary>The last part of <c>xmin:xmax:xip</c>.</summary>
    static IEnumerable<ulong> RunningIn(string snapshot) =>
        snapshot[(snapshot.LastIndexOf(':') + 1)..].Split(',', StringSplitOptions.RemoveEmptyEntries).Select(xid => ulong.Parse(xid, CultureInfo.InvariantCulture));
}
