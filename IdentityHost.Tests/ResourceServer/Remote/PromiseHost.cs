using IdentityHost.Tests.Revocation;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.ResourceServer.Remote;

/// <summary>
/// All of it as processes: a Postgres, two nodes of the issuer, the sample API in ASP.NET Core twice and the one in Node; a balancer is the
/// nodes' address. Each can be stopped or killed, and comes back.
/// </summary>
public sealed class PromiseHost : IAsyncLifetime
{
    readonly NodeProcess?[] _nodes = new NodeProcess?[2];
    readonly List<NodeProcess> _killed = [];
    readonly List<Sample> _apis = [];
    readonly IssuerBalancer _balancer = new();
    GuardCluster _cluster = null!;

    /// <summary>The issuer, by way of the balancer: each request on a connection of its own, so that none meets one that a killed node has left.</summary>
    public HttpClient Client { get; private set; } = null!;

    internal IReadOnlyList<Sample> Apis => _apis;

    internal IssuerBalancer Balancer => _balancer;

    internal GuardCluster Cluster => _cluster;

    /// <summary>The nodes that run, in order.</summary>
    internal IReadOnlyList<NodeProcess> Live
    {
        get
        {
            lock (_nodes)
                return [.. _nodes.OfType<NodeProcess>()];
        }
    }

    public async ValueTask InitializeAsync()
    {
        Sample.SkipWithout("node");
        _cluster = await GuardCluster.StartNewAsync();
        for (var i = 0; i < _nodes.Length; i++)
            await StartNodeAsync(i);
        Client = new HttpClient(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.Zero })
        {
            BaseAddress = new Uri(_balancer.Address),
        };
        foreach (var name in (string[])["ResourceServer", "ResourceServer", "resource-server-node"])
            _apis.Add(await Sample.StartAsync(name, _balancer.Address));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var api in _apis)
            await api.DisposeAsync();
        foreach (var node in Live.Concat(_killed))
            await node.DisposeAsync();
        await _balancer.DisposeAsync();
        Client?.Dispose();
        if (_cluster is not null)
            await _cluster.DisposeAsync();
    }

    /// <summary>SIGKILL, and a new process in its place after a while.</summary>
    /// <param name="index">Which of the two.</param>
    /// <param name="away">How long there is none.</param>
    public async Task KillAsync(int index, TimeSpan away)
    {
        NodeProcess victim;
        lock (_nodes)
            (victim, _nodes[index]) = (_nodes[index]!, null);
        await victim.KillAsync();
        // Its client stays: requests that it had not answered end as a caller would see it.
        _killed.Add(victim);
        await Task.Delay(away);
        await StartNodeAsync(index);
    }

    async Task StartNodeAsync(int index)
    {
        var node = await NodeProcess.StartAsync(_cluster.ConnectionString, Settings(), []);
        lock (_nodes)
            _nodes[index] = node;
        // A killed one stays in the list until there is another: the balancer finds out by itself that nobody listens there.
        _balancer.Nodes = [.. Live.Select(n => n.Client.BaseAddress!)];
    }

    IEnumerable<KeyValuePair<string, string>> Settings() =>
    [
        .. SampleHost.SettingsOf(_balancer.Address).Select(s => KeyValuePair.Create(s.Name, s.Value)),
        // Everybody here registers from one address.
        new("RateLimits:Registration:Permits", "1000000"),
        new("Logging:LogLevel:Default", "Warning"),
    ];
}
