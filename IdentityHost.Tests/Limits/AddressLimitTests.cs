using System.Net;
using System.Net.Http.Headers;
using IdentityHost.Tests.Protocol;
using IdentityHost.Tests.SignIn;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Limits;

/// <summary>Wrong passwords over many names from one address, and everything that must go on while it is blocked.</summary>
public sealed class AddressLimitTests(LimitedHost host) : IClassFixture<LimitedHost>
{
    const int Limit = LimitedHost.AddressFailures;

    [Fact]
    [Case(152)]
    [Case(205)]
    public async Task OnePasswordOverThousandNames_IsTriedOnHundred()
    {
        const string Address = "203.0.113.152";
        var (username, _) = await host.Client.RegisterAsync();
        using var office = host.At(Address);
        var before = await office.PasswordGrantAsync(username, BackChannel.Password).GrantedAsync();

        var statuses = await SprayAsync(office, 1000);

        Assert.Equal(Limit, statuses.Count(IsWrong));
        Assert.Equal(1000 - Limit, statuses.Count(s => s == HttpStatusCode.TooManyRequests));
        await host.FeedReadAsync();
        var refresh = before["refresh_token"]!.GetValue<string>();
        foreach (var node in host.Nodes)
        {
            using var same = node.At(Address);
            using var elsewhere = node.At("198.51.100.152");
            foreach (var door in Doors.All)
            {
                await door(same, username, BackChannel.Password).BlockedAsync(LimitedHost.Block);
                using var right = await door(elsewhere, username, BackChannel.Password);
                Assert.Equal(HttpStatusCode.OK, right.StatusCode);
            }
            // Who is signed in there stays so, and services keep their own secrets.
            var refreshed = await same.TokenAsync(("grant_type", "refresh_token"), ("client_id", "demo"), ("refresh_token", refresh)).GrantedAsync();
            refresh = refreshed["refresh_token"]!.GetValue<string>();
            using var current = await same.GetAsync("/users/current", refreshed["access_token"]!.GetValue<string>());
            Assert.Equal(HttpStatusCode.OK, current.StatusCode);
            await Secrets.TokenAsync(same, "service-0", Secrets.Right).GrantedAsync();
        }
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE kind = 'address_blocked' AND address = $1", Address));
        // A thousand names left a hundred rows, and those of guesses that were under way when the block fell; they were told nothing.
        Assert.InRange(await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE kind = 'sign_in_failed' AND address = $1", Address), Limit, Limit + 100);
    }

    /// <summary>A proxy that adds the caller's address to what the caller sent: only what it added counts, and no other header does.</summary>
    [Fact]
    [Case(152)]
    [Case(205)]
    public async Task ForgedAddresses_EvadeNothing()
    {
        using var client = new HttpClient(new Balancer(host.Nodes)) { BaseAddress = new Uri(HostFixture.Issuer) };
        var statuses = await Task.WhenAll(Enumerable.Range(0, 150).Select(async i =>
        {
            var forged = $"10.{i}.0.1";
            using var request = new HttpRequestMessage(HttpMethod.Post, "/connect/token") { Content = Guess(BackChannel.NewName()) };
            request.Headers.Add("X-Forwarded-For", $"{forged}, 203.0.113.153");
            request.Headers.Add("X-Real-IP", forged);
            request.Headers.Add("X-Client-IP", forged);
            request.Headers.Add("True-Client-IP", forged);
            request.Headers.Add("Forwarded", $"for={forged}");
            request.Headers.UserAgent.Add(new ProductInfoHeaderValue("agent", $"{i}"));
            using var response = await client.SendAsync(request);
            return response.StatusCode;
        }));
        Assert.Equal(Limit, statuses.Count(IsWrong));
        Assert.Equal(50, statuses.Count(s => s == HttpStatusCode.TooManyRequests));
    }

    /// <summary>One subscriber owns a /64.</summary>
    [Fact]
    [Case(152)]
    [Case(205)]
    public async Task AddressesOfOneIpv6Network_CountAsOne()
    {
        var statuses = await Task.WhenAll(Enumerable.Range(0, Limit + 10).Select(async i =>
        {
            using var client = host.At($"2001:db8:5:6:{i:x}::1");
            using var response = await client.PasswordGrantAsync(BackChannel.NewName(), "wrong password");
            return response.StatusCode;
        }));
        Assert.Equal(Limit, statuses.Count(IsWrong));
        using var neighbour = host.At("2001:db8:5:7::1");
        await neighbour.PasswordGrantAsync(HostFixture.AdminName, HostFixture.AdminPassword).GrantedAsync();
    }

    /// <summary>Right passwords do not wipe the count: an attacker has an account too.</summary>
    [Fact]
    [Case(152)]
    public async Task OwnSignIns_DoNotResetTheCount()
    {
        using var client = host.At("203.0.113.154");
        var (username, _) = await host.Client.RegisterAsync();
        for (var i = 0; i < Limit / 10; i++)
        {
            Assert.All(await SprayAsync(client, 10), s => Assert.True(IsWrong(s)));
            if (i < (Limit / 10) - 1)
                await client.PasswordGrantAsync(username, BackChannel.Password).GrantedAsync();
        }
        await host.FeedReadAsync();
        await client.PasswordGrantAsync(username, BackChannel.Password).BlockedAsync(LimitedHost.Block);
    }

    static bool IsWrong(HttpStatusCode status) => status is HttpStatusCode.BadRequest or HttpStatusCode.Unauthorized;

    static FormUrlEncodedContent Guess(string username) => new(
        new Dictionary<string, string> { ["grant_type"] = "password", ["client_id"] = "demo", ["username"] = username, ["password"] = "wrong password" });

    /// <summary>One wrong password on so many names, by every door, ten at a time.</summary>
    static async Task<List<HttpStatusCode>> SprayAsync(HttpClient client, int names)
    {
        var statuses = new List<HttpStatusCode>();
        for (var i = 0; i < names; i += 10)
        {
            statuses.AddRange(await Task.WhenAll(Enumerable.Range(0, 10).Select(async j =>
            {
                using var response = await Doors.All[j % Doors.All.Count](client, BackChannel.NewName(), "wrong password");
                return response.StatusCode;
            })));
        }
        return statuses;
    }
}
