using System.Buffers.Text;
using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using IdentityHost.Tests.Races;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.ResourceServer.Remote;

/// <summary>An issuer whose keys live as shortly as they may.</summary>
public sealed class RestlessSampleHost(TestPostgres postgres) : SampleHost(postgres)
{
    protected override IEnumerable<KeyValuePair<string, string?>> Settings => [.. base.Settings, .. RaceHost.Full
        // Announced for as long as `jose` waits by default before it asks for the keys again.
        ? (KeyValuePair<string, string?>[])[new("Keys:JwksCacheTime", "00:00:10"), new("Keys:Announce", "00:00:30"), new("Keys:Lifetime", "00:01:00")]
        : [new("Keys:JwksCacheTime", "00:00:05"), new("Keys:Announce", "00:00:10"), new("Keys:Lifetime", "00:00:20")]];
}

/// <summary>
/// Keys follow one another while both samples are sent each new token at once: none is refused. Until two keys have signed; ten minutes, a key each,
/// with <c>IDENTITYHOST_FULL=true</c>, and then beside them `jose` with its default cache, which does not look at <c>max-age</c>.
/// </summary>
public sealed class SampleKeysTests(RestlessSampleHost host) : IClassFixture<RestlessSampleHost>
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);
    static readonly TimeSpan Duration = TimeSpan.FromMinutes(10);

    [Fact]
    public async Task No_sample_refuses_a_token_of_a_new_key()
    {
        await using var own = await Sample.StartAsync("ResourceServer", host.Address);
        await using var jose = await Sample.StartAsync("resource-server-node", host.Address);
        using var client = new HttpClient { BaseAddress = new Uri(host.Address) };
        using var byDefault = RaceHost.Full ? await StartJoseAsync() : null;
        var (username, _) = await client.RegisterAsync();
        var kids = new HashSet<string>();
        var (watch, checks) = (Stopwatch.StartNew(), 0);
        while (RaceHost.Full ? watch.Elapsed < Duration : kids.Count < 2)
        {
            Assert.True(RaceHost.Full || watch.Elapsed < Patience, "The keys do not change.");
            var token = await client.AccessTokenAsync(username);
            kids.Add(JsonNode.Parse(Base64Url.DecodeFromChars(token.Split('.')[0]))!["kid"]!.GetValue<string>());
            foreach (var sample in (Sample[])[own, jose])
            {
                using var answer = await sample.Client.GetAsync("/orders", token);
                Assert.True(answer.StatusCode == HttpStatusCode.OK, $"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()} {sample.Printed}");
                checks++;
            }
            await Task.Delay(50);
        }
        if (byDefault is not null)
        {
            var printed = await byDefault.StandardOutput.ReadToEndAsync();
            await byDefault.WaitForExitAsync();
            TestContext.Current.TestOutputHelper?.WriteLine(printed);
            Assert.True(byDefault.ExitCode == 0, printed);
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"{checks} tokens of {kids.Count} keys, none refused");
        Assert.InRange(kids.Count, RaceHost.Full ? 9 : 2, int.MaxValue);
    }

    /// <summary>A client of its own, which checks each token with the keys of each node, and asks the nodes about it; for as long as the test.</summary>
    async Task<Process> StartJoseAsync()
    {
        var folder = Path.Combine(Repository.Root, ".ci", "jose");
        await Sample.InstallAsync(folder);
        return Process.Start(new ProcessStartInfo(
            "node", ["rotation.mjs", $"{Duration.TotalMinutes:0}", "demo-service:demo-service-secret-for-development-only", .. host.Nodes.Select(n => n.Address.GetLeftPart(UriPartial.Authority))])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        })!;
    }
}
