using System.Threading.Channels;
using IdentityHost.ResourceServer.Revocations;

namespace IdentityHost.Revocation.Subscribers;

/// <summary>One open stream: what is waiting to be sent on it. The bytes are shared with all the others.</summary>
/// <param name="clientId">Whose it is.</param>
/// <param name="joined">Before the rows were gathered that it is sent first.</param>
internal sealed class FeedSubscriber(string clientId, Instant joined)
{
    /// <summary>Messages that may wait: seconds under a storm of logouts, minutes otherwise. Who has not read them by then is too slow.</summary>
    const int MostWaiting = 1024;

    readonly Channel<ReadOnlyMemory<byte>> _waiting = Channel.CreateBounded<ReadOnlyMemory<byte>>(
        new BoundedChannelOptions(MostWaiting) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
    volatile string? _ending;
    bool _timed;

    public string ClientId => clientId;

    /// <summary>What it may send next; complete when the stream is to end.</summary>
    public ChannelReader<ReadOnlyMemory<byte>> Waiting => _waiting.Reader;

    /// <summary>Why it ends, once it does.</summary>
    public string? Ending => _ending;

    /// <summary>
    /// Whether it is to be told the time of this read. The first time that it is told must be that of a read which began after it had asked:
    /// its clock against the database's is measured by it.
    /// </summary>
    public bool MayHear(Instant began) => _timed || began.Timestamp > joined.Timestamp;

    /// <summary>Whether it has never been told the time.</summary>
    public bool IsUntimed => !_timed;

    public void Offer(ReadOnlyMemory<byte> message)
    {
        if (!_waiting.Writer.TryWrite(message))
            End("slow");
    }

    public void OfferTime(ReadOnlyMemory<byte> message)
    {
        _timed = true;
        Offer(message);
    }

    public void End(string reason)
    {
        _ending ??= reason;
        _waiting.Writer.TryComplete();
    }
}
