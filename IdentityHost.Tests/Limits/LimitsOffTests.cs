using System.Net;
using IdentityHost.Tests.Protocol;
using IdentityHost.Tests.SignIn;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Limits;

/// <summary>A host for load tests: <c>RateLimits:Enabled=false</c>, with limits that would be reached at once.</summary>
public sealed class UnlimitedHost(TestPostgres postgres) : HostFixture(postgres)
{
    protected override IEnumerable<KeyValuePair<string, string?>> Settings =>
        [new("RateLimits:Enabled", "false"), new("RateLimits:SignIn:Failures", "2"), new("RateLimits:Client:Failures", "2"), new("RateLimits:Address:Failures", "2")];
}

public sealed class LimitsOffTests(UnlimitedHost host) : IClassFixture<UnlimitedHost>
{
    [Fact]
    public async Task NothingIsCounted_AndEachNodeWarns()
    {
        for (var i = 0; i < 8; i++)
        {
            await Secrets.TokenAsync(host.Client, "demo-service", Secrets.Wrong).RefusedAsync(HttpStatusCode.Unauthorized, "invalid_client");
            using var wrong = await Doors.All[i % Doors.All.Count](host.Client, HostFixture.AdminName, "wrong password");
            Assert.True(wrong.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.Unauthorized);
        }
        await host.Client.PasswordGrantAsync(HostFixture.AdminName, HostFixture.AdminPassword).GrantedAsync();
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM failure_counters"));
        foreach (var node in host.Nodes)
            Assert.Single(node.Log.Lines, line => line.StartsWith("Warning", StringComparison.Ordinal) && line.Contains("RateLimits:Enabled is false", StringComparison.Ordinal));
    }
}
