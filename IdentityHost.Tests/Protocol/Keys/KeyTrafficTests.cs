using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json.Nodes;
using IdentityHost.Protocol.Keys;
using IdentityHost.Tests.Races;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol.Keys;

/// <summary>Three nodes whose keys live as shortly as they may.</summary>
public sealed class RestlessHost(TestPostgres postgres) : KeysHost(postgres)
{
    protected override int NodeCount => 3;

    protected override IEnumerable<KeyValuePair<string, string?>> Settings => RaceHost.Full
        ? [new("Keys:JwksCacheTime", "00:00:10"), new("Keys:Announce", "00:00:20"), new("Keys:Lifetime", "00:01:00"), new("Tokens:AccessTokenLifetime", "00:01:00"), .. Quiet]
        : [new("Keys:JwksCacheTime", "00:00:05"), new("Keys:Announce", "00:00:10"), new("Keys:Lifetime", "00:00:20"), new("Tokens:AccessTokenLifetime", "00:00:30"), .. Quiet];

    static IEnumerable<KeyValuePair<string, string?>> Quiet => [new("Logging:LogLevel:Default", "Warning"), new(OneChain, "ES256")];
}

/// <summary>The job rotates by itself, in real time, while clients get tokens and resource servers check them.</summary>
public sealed class KeyTrafficTests(RestlessHost host) : IClassFixture<RestlessHost>
{
    static readonly TimeSpan Duration = TimeSpan.FromMinutes(10);
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Case("R12")]
    [Case(115)]
    [Fact]
    public async Task No_token_is_refused_by_a_node_or_by_a_resource_server_that_keeps_the_keys_as_long_as_it_may()
    {
        var (signed, failures, keys) = (new ConcurrentQueue<(string Kid, DateTimeOffset IssuedAt)>(), new ConcurrentQueue<string>(), new ConcurrentDictionary<string, KeyFacts>());
        using var stop = new CancellationTokenSource();
        var clients = host.Nodes.Select((_, i) => Task.Run(() => ClientAsync(i, signed, failures, stop.Token))).ToList();
        var watch = Stopwatch.StartNew();
        while (RaceHost.Full ? watch.Elapsed < Duration : signed.Select(s => s.Kid).Distinct(StringComparer.Ordinal).Count() < 2 && watch.Elapsed < Patience)
        {
            foreach (var key in await host.ListAsync())
                keys[key.Kid] = key;
            Assert.Equal(1, keys.Values.Count(k => k.Stage == KeyStage.Signing && k.RetiresAt is null) + keys.Values.Count(k => k.Stage == KeyStage.Announced));
            await Task.Delay(Second);
        }
        await stop.CancelAsync();
        await Task.WhenAll(clients);
        foreach (var key in await host.ListAsync())
            keys[key.Kid] = key;

        Assert.True(failures.IsEmpty, string.Join('\n', failures.Take(5)));
        Assert.InRange(signed.Select(s => s.Kid).Distinct(StringComparer.Ordinal).Count(), RaceHost.Full ? 9 : 2, int.MaxValue);
        // iat is in whole seconds.
        Assert.All(signed, token => Assert.True(
            keys[token.Kid].ActivatesAt < token.IssuedAt + Second && !(keys[token.Kid].RetiresAt <= token.IssuedAt), $"{token.Kid} signed at {token.IssuedAt:O}"));
        TestContext.Current.SendDiagnosticMessage($"{signed.Count} tokens of {keys.Count} keys, {failures.Count} failures");
    }

    /// <summary>Gets tokens at one node, uses each at the next, and checks it as a resource server would; old ones again.</summary>
    async Task ClientAsync(
        int index, ConcurrentQueue<(string Kid, DateTimeOffset IssuedAt)> signed, ConcurrentQueue<string> failures, CancellationToken stop)
    {
        var (node, other) = (host.Nodes[index], host.Nodes[(index + 1) % host.Nodes.Count]);
        var (kept, keptUntil) = (new HashSet<string>(StringComparer.Ordinal), DateTimeOffset.MinValue);
        var (earlier, reusable) = ("", DateTimeOffset.MinValue);
        while (!stop.IsCancellationRequested)
        {
            try
            {
                var now = DateTimeOffset.UtcNow;
                if (now >= keptUntil)
                    (kept, keptUntil) = await FetchAsync(other, now);
                var (kid, _, token) = await KeysHost.IssueAsync(node);
                var claims = JsonNode.Parse(Base64Url.DecodeFromChars(token.Split('.')[1]))!;
                signed.Enqueue((kid, DateTimeOffset.FromUnixTimeSeconds(claims["iat"]!.GetValue<long>())));
                // Kept longer than allowed by what the two requests took at most.
                if (!kept.Contains(kid) && DateTimeOffset.UtcNow < keptUntil)
                    failures.Enqueue($"{now:O} a resource server does not know {kid}");
                if (!await KeysHost.AcceptsAsync(other, token))
                    failures.Enqueue($"{now:O} a node refuses a new token of {kid}");
                if (now < reusable && !await KeysHost.AcceptsAsync(other, earlier))
                    failures.Enqueue($"{now:O} a node refuses a living token");
                if (now >= reusable)
                    (earlier, reusable) = (token, DateTimeOffset.FromUnixTimeSeconds(claims["exp"]!.GetValue<long>()) - 5 * Second);
                await Task.Delay(20, CancellationToken.None);
            }
            catch (Exception e) when (e is HttpRequestException or Xunit.Sdk.XunitException)
            {
                failures.Enqueue(e.Message);
            }
        }
    }

    static async Task<(HashSet<string> Kids, DateTimeOffset Until)> FetchAsync(HostNode node, DateTimeOffset now)
    {
        using var response = await node.Client.GetAsync(KeysHost.JwksPath);
        var set = (await response.JsonAsync())["keys"]!.AsArray();
        return ([.. set.Select(k => k!["kid"]!.GetValue<string>())], now + response.Headers.CacheControl!.MaxAge!.Value);
    }
}
