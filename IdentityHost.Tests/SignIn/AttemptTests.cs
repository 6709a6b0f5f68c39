using System.Net;
using IdentityHost.Tests.Protocol;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.SignIn;

/// <summary>A host behind a proxy that may say whose request it carries. The first block is the default's: 30 s after 5 wrong passwords.</summary>
public sealed class ProxiedHost(TestPostgres postgres) : HostFixture(postgres)
{
    protected override IEnumerable<KeyValuePair<string, string?>> Settings => [new("Proxy:KnownNetworks", "127.0.0.1/32")];
}

/// <summary>The count of wrong passwords: one for all doors and nodes, exact under parallel requests, and no way to keep somebody out.</summary>
public sealed class AttemptTests(ProxiedHost host) : IClassFixture<ProxiedHost>
{
    const int Limit = 5;
    const string Failures = "SELECT count(*) FROM audit_events WHERE kind = 'sign_in_failed' AND subject_id = $1";

    [Fact]
    [Case(149)]
    public async Task HundredWrongPasswordsAtOnce_GetFiveTries()
    {
        var (username, id) = await host.Client.RegisterAsync();

        var statuses = await Task.WhenAll(Enumerable.Range(0, 100).Select(async i =>
        {
            using var response = await host.Client.PasswordGrantAsync(username, $"wrong password {i}");
            return response.StatusCode;
        }));

        var told = string.Join(", ", statuses.CountBy(s => s).Select(s => $"{s.Value} of {s.Key}"));
        Assert.True(statuses.Count(s => s == HttpStatusCode.BadRequest) == Limit, told);
        Assert.True(statuses.Count(s => s == HttpStatusCode.TooManyRequests) == 100 - Limit, told);
        Assert.Equal(Limit, await host.ScalarAsync<long>(Failures, id));
        // The right one is not even looked at, on either node, by any door.
        foreach (var node in host.Nodes)
        {
            foreach (var door in Doors.All)
            {
                using var response = await door(node.Client, username, BackChannel.Password);
                await AssertBlockedAsync(response, TimeSpan.FromSeconds(30));
            }
        }
        Assert.Equal(Limit, await host.ScalarAsync<long>(Failures, id));
    }

    [Fact]
    [Case(150)]
    [Case(205)]
    public async Task EveryDoor_SharesOneCount_HoweverTheNameIsSpelt()
    {
        var (username, id) = await host.Client.RegisterAsync();
        for (var i = 0; i < Limit; i++)
        {
            using var wrong = await Doors.All[i % Doors.All.Count](host.Client, i % 2 == 0 ? username : username.ToUpperInvariant(), "wrong password");
            Assert.True(wrong.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.Unauthorized);
        }
        Assert.Equal(Limit, await host.ScalarAsync<long>(Failures, id));
        foreach (var node in host.Nodes)
        {
            foreach (var door in Doors.All)
            {
                using var response = await door(node.Client, username, BackChannel.Password);
                await AssertBlockedAsync(response, TimeSpan.FromSeconds(30));
            }
        }
    }

    [Fact]
    [Case(149)]
    public async Task NameThatIsNobodys_IsBlockedAlike()
    {
        var nobody = BackChannel.NewName();
        for (var i = 0; i < Limit; i++)
            await host.Client.PasswordGrantAsync(nobody, "wrong password").RefusedAsync("invalid_grant");
        var body = await host.Client.PasswordGrantAsync(nobody, "wrong password").RefusedAsync(HttpStatusCode.TooManyRequests, "invalid_grant");
        Assert.Equal("too_many_requests", body["error_code"]!.GetValue<string>());
    }

    [Fact]
    [Case(151)]
    public async Task AnotherAddress_IsNotBlocked()
    {
        var (username, _) = await host.Client.RegisterAsync();
        for (var i = 0; i < Limit; i++)
        {
            using var wrong = await host.Client.LoginFromAsync("203.0.113.7", username, "wrong password");
            Assert.Equal(HttpStatusCode.Unauthorized, wrong.StatusCode);
        }
        foreach (var node in host.Nodes)
        {
            using var attacker = await node.Client.LoginFromAsync("203.0.113.7", username, BackChannel.Password);
            await AssertBlockedAsync(attacker, TimeSpan.FromSeconds(30));
            using var victim = await node.Client.LoginFromAsync("198.51.100.1", username, BackChannel.Password);
            Assert.Equal(HttpStatusCode.OK, victim.StatusCode);
        }
    }

    /// <summary>One subscriber owns a /64: another address of it is the same attacker.</summary>
    [Fact]
    [Case(151)]
    [Case(205)]
    public async Task AddressesOfOneIpv6Network_CountAsOne()
    {
        var (username, _) = await host.Client.RegisterAsync();
        for (var i = 0; i < Limit; i++)
        {
            using var wrong = await host.Client.LoginFromAsync($"2001:db8:1:2::{i + 1}", username, "wrong password");
            Assert.Equal(HttpStatusCode.Unauthorized, wrong.StatusCode);
        }
        using var same = await host.Client.LoginFromAsync("2001:db8:1:2:ffff::1", username, BackChannel.Password);
        await AssertBlockedAsync(same, TimeSpan.FromSeconds(30));
        using var other = await host.Client.LoginFromAsync("2001:db8:1:3::1", username, BackChannel.Password);
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
    }

    [Fact]
    [Case(149)]
    public async Task RightPasswordsAtOnce_LockNobody()
    {
        var (username, id) = await host.Client.RegisterAsync();
        for (var round = 0; round < 3; round++)
        {
            var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => host.Client.PasswordGrantAsync(username, BackChannel.Password)));
            Assert.All(answers, answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
            foreach (var answer in answers)
                answer.Dispose();
        }
        Assert.Equal(0, await host.ScalarAsync<long>(Failures, id));
    }

    [Fact]
    [Case(149)]
    public async Task RightPassword_EndsTheSeries()
    {
        var (username, _) = await host.Client.RegisterAsync();
        for (var round = 0; round < 3; round++)
        {
            for (var i = 0; i < Limit - 1; i++)
                await host.Client.PasswordGrantAsync(username, "wrong password").RefusedAsync("invalid_grant");
            await host.Client.PasswordGrantAsync(username, BackChannel.Password).GrantedAsync();
        }
    }

    async Task AssertBlockedAsync(HttpResponseMessage response, TimeSpan most)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.TooManyRequests, $"{(int)response.StatusCode}: {text}");
        var wait = response.Headers.RetryAfter?.Delta;
        Assert.NotNull(wait);
        Assert.InRange(wait.Value, TimeSpan.FromSeconds(1), most);
        Assert.Contains("too_many_requests", text, StringComparison.Ordinal);
        Answers.Clean(text);
    }
}
