using System.Diagnostics;
using IdentityHost.Revocation.Subscribers;
using IdentityHost.Tests.Races;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Revocation.Subscribers;

/// <summary>Many resource servers follow one node: 200 of them, 2,000 with <c>IDENTITYHOST_FULL=true</c>.</summary>
[Collection(RacesAlone.Name)]
public sealed class ManyStreamsTests(RaceHost host)
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    static int Streams => RaceHost.Full ? 2000 : 200;

    [Fact]
    public async Task Every_stream_gets_every_row()
    {
        var node = host.Nodes[0];
        var readers = new List<FeedReader>();
        using var client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = Streams + 10 }) { BaseAddress = node.Address };
        try
        {
            foreach (var batch in Enumerable.Range(0, Streams).Chunk(50))
                readers.AddRange(await Task.WhenAll(batch.Select(_ => FeedReader.OpenAsync(client))));
            await Task.WhenAll(readers.Select(r => r.UntilAsync("time")));
            Assert.InRange(node.Service<FeedSubscribers>().Count, Streams, int.MaxValue);
            List<double> delays = [];
            for (var i = 0; i < 5; i++)
            {
                var key = BackChannel.NewName();
                await host.ExecuteAsync("INSERT INTO revocations (kind, key, expires_at) VALUES (2, $1, identity_now() + interval '61 minutes')", key);
                var watch = Stopwatch.StartNew();
                await Task.WhenAll(readers.Select(r => r.UntilRowAsync("session", key))).WaitAsync(Patience);
                delays.Add(watch.Elapsed.TotalMilliseconds);
            }
            TestContext.Current.TestOutputHelper?.WriteLine($"{Streams} streams at one node: the last reader had a row after {string.Join(", ", delays.Select(d => $"{d:0}"))} ms");
        }
        finally
        {
            foreach (var reader in readers)
                await reader.DisposeAsync();
        }
        await Eventually.TrueAsync(() => Task.FromResult(node.Service<FeedSubscribers>().Count == 0), Patience);
    }
}
