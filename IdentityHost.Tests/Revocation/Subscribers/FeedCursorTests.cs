using IdentityHost.ResourceServer.Revocations;
using IdentityHost.Revocation;
using IdentityHost.Revocation.Subscribers;

namespace IdentityHost.Tests.Revocation.Subscribers;

/// <summary>What a cursor says was seen. Saying too little costs a row sent twice; saying too much loses a revocation.</summary>
public sealed class FeedCursorTests
{
    [Theory]
    [InlineData("100:120:", 110, 109, true, "below the newest row that was seen, and not running")]
    [InlineData("100:120:", 110, 115, false, "given out already, but a crash may make the server give it out again")]
    [InlineData("100:120:105,108", 110, 105, false, "running at the time")]
    [InlineData("100:120:105,108", 110, 106, true, "between two that were running")]
    [InlineData("100:120:105,108", 110, 110, true, "the newest itself")]
    [InlineData("100:120:118", 110, 118, false, "running, beyond the newest")]
    public void Only_what_can_never_come_again_counts_as_seen(string snapshot, ulong newest, ulong xid, bool seen, string why) =>
        Assert.True(FeedCursor.Of(Read(snapshot), newest).HasSeen(xid) == seen, why);

    [Fact]
    public void It_survives_the_way_to_the_reader_and_back()
    {
        var cursor = FeedCursor.Of(Read("100:120:105,108"), 110);
        var back = FeedCursor.Parse(cursor.ToString())!;
        Assert.Equal(cursor.ToString(), back.ToString());
        Assert.True(back.LeadsTo(cursor));
        for (ulong xid = 90; xid < 130; xid++)
            Assert.Equal(cursor.HasSeen(xid), back.HasSeen(xid));
    }

    /// <summary>With many transactions under way the cursor goes back to the oldest: longer than a header may be, it would be refused.</summary>
    [Fact]
    public void It_stays_short()
    {
        var running = string.Join(',', Enumerable.Range(1_000_000_000, 1000).Select(i => 2 * i));
        var cursor = FeedCursor.Of(Read($"2000000000:3000000000:{running}"), 2_999_999_999);
        Assert.InRange(cursor.ToString().Length, 1, 100);
        Assert.True(cursor.HasSeen(1_999_999_999));
        Assert.False(cursor.HasSeen(2_000_000_000));
        Assert.False(cursor.HasSeen(2_999_999_999));
    }

    [Theory]
    [InlineData("")]
    [InlineData("7")]
    [InlineData("7.8.9.")]
    [InlineData("7.8.9.10")]
    [InlineData("7.8.9.1-")]
    [InlineData("7.8.9.1.1")]
    [InlineData("-7.8.9")]
    [InlineData("7.8.x")]
    [InlineData("7.8.99999999999999999999999")]
    public void What_no_node_wrote_is_no_cursor(string text) => Assert.Null(FeedCursor.Parse(text));

    [Theory]
    [InlineData(7, 1, true)]
    [InlineData(8, 1, false)]
    [InlineData(7, 2, false)]
    public void Another_epoch_or_cluster_begins_anew(int epoch, long system, bool resumes) =>
        Assert.Equal(resumes, FeedCursor.Of(Read("1:9:"), 5).LeadsTo(FeedCursor.Of(Read("1:9:") with { GlobalEpoch = epoch, System = system }, 5)));

    /// <summary>Where the role may not know the cluster, nothing proves that numbers mean the same transactions.</summary>
    [Fact]
    public void An_unknown_cluster_always_begins_anew()
    {
        var unknown = FeedCursor.Of(Read("1:9:") with { System = 0 }, 5);
        Assert.False(unknown.LeadsTo(unknown));
    }

    [Fact]
    public void Rows_that_were_joined_never_count_as_seen()
    {
        var keys = new RevokedKeys();
        Assert.True(keys.Apply("a", new RevokedEntry(3, DateTimeOffset.UnixEpoch, 5)));
        Assert.False(keys.Apply("a", new RevokedEntry(3, DateTimeOffset.UnixEpoch, 5)));
        Assert.True(keys.Apply("a", new RevokedEntry(2, DateTimeOffset.UnixEpoch, 9)));
        Assert.False(keys.Apply("a", new RevokedEntry(3, DateTimeOffset.UnixEpoch, 5)));
        var entry = keys.Entries.Single().Value;
        Assert.Equal(3, entry.Epoch);
        Assert.False(FeedCursor.Of(Read("1:99:"), 50).HasSeen(entry.Transaction));
    }

    [Fact]
    public void A_slow_reader_is_told_to_come_back()
    {
        var subscriber = new FeedSubscriber("api", Instant.Now);
        for (var i = 0; i < 10_000; i++)
            subscriber.Offer(new byte[1]);
        Assert.Equal("slow", subscriber.Ending);
        var waiting = 0;
        while (subscriber.Waiting.TryRead(out _))
            waiting++;
        Assert.Equal(1024, waiting);
        Assert.True(subscriber.Waiting.Completion.IsCompleted);
    }

    static FeedRead Read(string snapshot) => new([], 7, Intact: true, 0, DateTimeOffset.UnixEpoch, Instant.Now) { Snapshot = snapshot, Full = false, System = 1 };
}
