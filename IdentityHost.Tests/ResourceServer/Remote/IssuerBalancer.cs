using System.Net;
using System.Net.Sockets;

namespace IdentityHost.Tests.ResourceServer.Remote;

/// <summary>
/// A load balancer before the issuer's nodes, for APIs that are processes of their own: each connection goes to the next node that listens, and ends when
/// either side does. It passes bytes on and changes none, so a killed node is noticed as it would be elsewhere: by connections that break.
/// </summary>
sealed class IssuerBalancer : IAsyncDisposable
{
    readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    readonly CancellationTokenSource _stop = new();
    readonly Task _accepting;
    volatile IReadOnlyList<Uri> _nodes = [];
    int _turn = -1;
    int _introspections;

    public IssuerBalancer()
    {
        _listener.Start();
        Address = $"http://localhost:{((IPEndPoint)_listener.LocalEndpoint).Port}";
        _accepting = AcceptAsync();
    }

    /// <summary>The issuer, as everybody knows it.</summary>
    public string Address { get; }

    /// <summary>Where the nodes are, by now. Until there are any, connections are closed.</summary>
    public IReadOnlyList<Uri> Nodes
    {
        get => _nodes;
        set => _nodes = value;
    }

    /// <summary>How often somebody asked about one token (RFC 7662): APIs whose copy is fresh never do.</summary>
    public int Introspections => Volatile.Read(ref _introspections);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _stop.Dispose();
    }

    async Task AcceptAsync()
    {
        List<Task> lines = [];
        try
        {
            while (true)
            {
                lines.Add(CarryAsync(await _listener.AcceptSocketAsync(_stop.Token)));
                lines.RemoveAll(line => line.IsCompleted);
            }
        }
        catch (Exception e) when (IsEnd(e))
        {
            await Task.WhenAll(lines);
        }
    }

    async Task CarryAsync(Socket client)
    {
        using var near = client;
        using var far = await ConnectAsync();
        if (far is null)
            return;
        near.NoDelay = true;
        // Whichever ends first ends the other: both sockets are closed on return.
        await Task.WhenAny(PassAsync(near, far, Count), PassAsync(far, near, _ => { }));
    }

    async Task<Socket?> ConnectAsync()
    {
        var nodes = _nodes;
        for (var attempt = 0; attempt < nodes.Count; attempt++)
        {
            var node = nodes[(int)((uint)Interlocked.Increment(ref _turn) % (uint)nodes.Count)];
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(new DnsEndPoint(node.Host, node.Port), _stop.Token);
                return socket;
            }
            catch (Exception e) when (IsEnd(e))
            {
                socket.Dispose();
            }
        }
        return null;
    }

    async Task PassAsync(Socket from, Socket to, Action<ReadOnlyMemory<byte>> see)
    {
        try
        {
            var buffer = new byte[16 * 1024];
            for (int read; (read = await from.ReceiveAsync(buffer, _stop.Token)) > 0;)
            {
                see(buffer.AsMemory(0, read));
                await to.SendAsync(buffer.AsMemory(0, read), _stop.Token);
            }
        }
        catch (Exception e) when (IsEnd(e))
        {
            // The line has ended, which is what the other side is to see.
        }
    }

    void Count(ReadOnlyMemory<byte> request)
    {
        if (request.Span.StartsWith("POST /connect/introspect "u8))
            Interlocked.Increment(ref _introspections);
    }

    static bool IsEnd(Exception e) => e is OperationCanceledException or SocketException or ObjectDisposedException;
}
