using System.Net;
using System.Net.Sockets;

namespace IdentityHost.Tests.Protocol;

/// <summary>A port that only remembers whether anybody called: proof that nothing was fetched.</summary>
sealed class SilentListener : IDisposable
{
    readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    public SilentListener() => _listener.Start();

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>A connection waits in the backlog until it is accepted, and none ever is.</summary>
    public bool WasCalled => _listener.Pending();

    public void Dispose() => _listener.Dispose();
}
