using System.Collections.Concurrent;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Faults;

/// <summary>A database with no node in this process: those of the test are processes of their own, which can be killed, frozen and lied to.</summary>
public sealed class FaultHost(TestPostgres postgres) : HostFixture(postgres)
{
    readonly ConcurrentBag<NodeProcess> _started = [];

    Task<NodeProcess[]>? _pair;

    protected override int NodeCount => 0;

    /// <summary>Two nodes that every test of the class uses, started for the first.</summary>
    public Task<NodeProcess[]> PairAsync() => _pair ??= Task.WhenAll(StartNodeAsync(), StartNodeAsync());

    /// <summary>Starts a node on the database.</summary>
    public Task<NodeProcess> StartNodeAsync(params IReadOnlyList<(string Name, string Value)> settings) => StartNodeAsync([], settings);

    /// <summary>Starts a node on the database. It ends with the fixture at the latest.</summary>
    /// <param name="environment">Environment variables of its process.</param>
    /// <param name="settings">Its settings beside those of every test host.</param>
    public async Task<NodeProcess> StartNodeAsync(
        IReadOnlyList<KeyValuePair<string, string>> environment, params IReadOnlyList<(string Name, string Value)> settings)
    {
        // Everybody here registers from one address.
        var all = settings.Prepend(("RateLimits:Registration:Permits", "1000000"));
        var node = await NodeProcess.StartAsync(ConnectionString, all.Select(s => KeyValuePair.Create(s.Item1, s.Item2)), environment);
        _started.Add(node);
        return node;
    }

    public override async ValueTask DisposeAsync()
    {
        foreach (var node in _started)
            await node.DisposeAsync();
        await base.DisposeAsync();
    }
}

/// <summary>Each starts processes and counts on their timing, so they run one after another.</summary>
[CollectionDefinition(Name)]
public sealed class FaultsAlone
{
    public const string Name = "Faults";
}
