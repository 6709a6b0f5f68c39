using System.Collections.Concurrent;
using System.Net.Sockets;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.ResourceServer.Remote;

/// <summary>The way from an API to the issuer's nodes: each request goes to the next one, is counted, and is lost while its path is cut.</summary>
sealed class IssuerLine : DelegatingHandler
{
    public const string Feed = "/connect/revocations";
    public const string Introspection = "/connect/introspect";
    public const string Keys = "/.well-known/jwks";

    readonly ConcurrentDictionary<string, int> _counts = new(StringComparer.Ordinal);
    readonly ConcurrentBag<Socket> _sockets = [];
    readonly ConcurrentDictionary<string, bool> _cut = new(StringComparer.Ordinal);
    int _turn = -1;

    public IssuerLine(IReadOnlyList<Uri> nodes)
    {
        Nodes = nodes;
        InnerHandler = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ConnectCallback = ConnectAsync };
    }

    public IssuerLine(IEnumerable<HostNode> nodes)
        : this([.. nodes.Select(n => n.Address)])
    {
    }

    /// <summary>Where the nodes are, by now.</summary>
    public IReadOnlyList<Uri> Nodes { get; set; }

    /// <summary>Every id that a stream was asked for with; null for none.</summary>
    public ConcurrentQueue<string?> AskedFrom { get; } = [];

    /// <summary>Requests to this path so far.</summary>
    public int Count(string path) => _counts.GetValueOrDefault(path);

    /// <summary>From now on requests to these paths fail, and open streams break.</summary>
    public void Cut(params IEnumerable<string> paths)
    {
        foreach (var path in paths)
            _cut[path] = true;
        if (!_cut.ContainsKey(Feed))
            return;
        Break();
    }

    /// <summary>Connections break, wherever in an event they are.</summary>
    public void Break()
    {
        while (_sockets.TryTake(out var socket))
            socket.Close(timeout: 0);
    }

    public void Mend() => _cut.Clear();

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var path = request.RequestUri!.AbsolutePath;
        _counts.AddOrUpdate(path, 1, (_, count) => count + 1);
        if (_cut.ContainsKey(path))
            throw new HttpRequestException("cut");
        var response = await SendToNextAsync(request, cancellationToken);
        if (path == Feed)
            AskedFrom.Enqueue(request.Headers.TryGetValues("Last-Event-ID", out var ids) ? ids.Single() : null);
        return response;
    }

    async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
        _sockets.Add(socket);
        return new NetworkStream(socket, ownsSocket: true);
    }

    /// <summary>As a load balancer does it: a node at which nobody listens is passed over.</summary>
    async Task<HttpResponseMessage> SendToNextAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var nodes = Nodes;
        for (var attempt = 1; ; attempt++)
        {
            var node = nodes[(int)((uint)Interlocked.Increment(ref _turn) % (uint)nodes.Count)];
            request.RequestUri = new UriBuilder(request.RequestUri!) { Host = node.Host, Port = node.Port }.Uri;
            try
            {
                return await base.SendAsync(request, cancellationToken);
            }
            catch (HttpRequestException e) when (e.HttpRequestError == HttpRequestError.ConnectionError && attempt < nodes.Count)
            {
            }
        }
    }
}
