using System.Diagnostics;
using System.Net;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.ResourceServer.Remote;

/// <summary>The samples that are resource servers, each as its own process: they let a token in, and refuse it right after a logout.</summary>
public sealed class SampleTests(SampleHost host) : IClassFixture<SampleHost>
{
    static readonly TimeSpan Promised = TimeSpan.FromSeconds(2);

    [Theory]
    [InlineData("ResourceServer")]
    [InlineData("resource-server-node")]
    public async Task A_sample_obeys_a_logout(string name)
    {
        await using var sample = await Sample.StartAsync(name, host.Address);
        using var client = new HttpClient { BaseAddress = new Uri(host.Address) };
        for (var i = 0; i < 5; i++)
        {
            var person = await SignedIn.NewAsync(client);
            using var answer = await sample.Client.GetAsync("/orders", person.AccessToken);
            var body = await answer.Content.ReadAsStringAsync();
            Assert.True(answer.IsSuccessStatusCode, $"{(int)answer.StatusCode} {body} {sample.Printed}");
            Assert.Contains($"\"customer\":\"{person.Id}\"", body, StringComparison.Ordinal);
            await person.EndAsync(RevokingAct.Logout, client, "");
            var watch = Stopwatch.StartNew();
            while (await sample.StatusAsync(person.AccessToken) != HttpStatusCode.Unauthorized)
                Assert.True(watch.Elapsed < Promised, $"{name} accepts the token {watch.Elapsed} after the logout. {sample.Printed}");
        }
        Assert.Equal(HttpStatusCode.Unauthorized, await sample.StatusAsync(null));
        Assert.Equal(HttpStatusCode.Unauthorized, await sample.StatusAsync("e30.e30.e30"));
    }
}
