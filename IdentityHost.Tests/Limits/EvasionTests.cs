using System.Net;
using System.Net.Http.Json;
using IdentityHost.Tests.Protocol;
using IdentityHost.Tests.SignIn;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Limits;

/// <summary>A host that knows no proxy, with low limits for addresses: every request of a test comes from 127.0.0.1, whatever it says.</summary>
public sealed class ProxylessHost(TestPostgres postgres) : HostFixture(postgres)
{
    public const int Failures = 12;

    protected override IEnumerable<KeyValuePair<string, string?>> Settings =>
        [new("RateLimits:Address:Failures", "12"), new("RateLimits:Address:Block", "00:04:00"), new("RateLimits:Client:Failures", "6"), new("RateLimits:Client:Block", "00:04:00")];
}

/// <summary>What does not change who is counted: headers, the protocol's version, spelling.</summary>
public sealed class EvasionTests(LimitedHost host) : IClassFixture<LimitedHost>
{
    /// <summary>Spaces and look-alikes around a name make another name, which is nobody's: it neither signs in nor shares the count.</summary>
    [Theory]
    [Case(205)]
    [InlineData("{0} ")]
    [InlineData(" {0}")]
    [InlineData("{0}\t")]
    [InlineData("{0}\u00a0")]
    [InlineData("{0}\u200b")]
    [InlineData("{0}@")]
    public async Task NameWithMore_IsNobodys(string spelling)
    {
        using var client = host.At("203.0.113.205");
        var (username, _) = await host.Client.RegisterAsync();
        var other = spelling.Replace("{0}", username, StringComparison.Ordinal);
        foreach (var door in Doors.All)
        {
            using var response = await door(client, other, BackChannel.Password);
            Assert.True(response.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.Unauthorized, $"{(int)response.StatusCode}");
        }
        // Four wrong ones of the other name have used none of this one's five tries.
        for (var i = 0; i < 4; i++)
            await client.PasswordGrantAsync(username, "wrong password").RefusedAsync("invalid_grant");
        await client.PasswordGrantAsync(username, BackChannel.Password).GrantedAsync();
    }

    /// <summary>The username and the e-mail in every spelling that signs in; each of the two has its five tries.</summary>
    [Fact]
    [Case(205)]
    public async Task SpellingsThatSignIn_AreOneName()
    {
        using var client = host.At("203.0.113.206");
        var username = "Name" + BackChannel.NewName()[..10];
        using (var made = await host.Client.PostAsJsonAsync("/users/register", new { username, password = BackChannel.Password, email = $"{username}@b\u00fccher.example" }))
            Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        string[] names = [username, username.ToUpperInvariant(), username.ToLowerInvariant()];
        string[] addresses = [$"{username}@b\u00fccher.example", $"{username.ToUpperInvariant()}@B\u00dcCHER.EXAMPLE", $"{username}@xn--bcher-kva.example"];
        foreach (var spellings in new[] { names, addresses })
        {
            foreach (var spelling in spellings)
                await client.PasswordGrantAsync(spelling, BackChannel.Password).GrantedAsync();
            for (var i = 0; i < 5; i++)
                await client.PasswordGrantAsync(spellings[i % spellings.Length], "wrong password").RefusedAsync("invalid_grant");
            foreach (var spelling in spellings)
                await client.PasswordGrantAsync(spelling, BackChannel.Password).BlockedAsync(TimeSpan.FromSeconds(30));
        }
    }

    /// <summary>Every door and client by HTTP/2 as by HTTP/1.1: one count.</summary>
    [Fact]
    [Case(205)]
    public async Task Http2_SharesTheCount()
    {
        await using var node = await HostNode.StartAsync(
            host.ConnectionString, [new("Kestrel:EndpointDefaults:Protocols", "Http2"), new("Proxy:KnownNetworks", "127.0.0.1/32"), new("RateLimits:Client:Failures", "20")]);
        using var two = node.At("203.0.113.207");
        two.DefaultRequestVersion = HttpVersion.Version20;
        two.DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        using var one = host.At("203.0.113.207");
        var (username, _) = await host.Client.RegisterAsync();
        for (var i = 0; i < 5; i++)
        {
            var client = i % 2 == 0 ? one : two;
            using var wrong = await client.PasswordGrantAsync(username, "wrong password");
            Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
            Assert.Equal(i % 2 == 0 ? HttpVersion.Version11 : HttpVersion.Version20, wrong.Version);
        }
        for (var i = 0; i < LimitedHost.ClientFailures; i++)
            await Secrets.TokenAsync(i % 2 == 0 ? one : two, "service-0", Secrets.Wrong).RefusedAsync(HttpStatusCode.Unauthorized, "invalid_client");
        foreach (var client in new[] { one, two })
        {
            foreach (var door in Doors.All)
                await door(client, username, BackChannel.Password).BlockedAsync(TimeSpan.FromSeconds(30));
            foreach (var door in Secrets.Doors)
                await door(client, "service-0", Secrets.Right).BlockedAsync(LimitedHost.Block);
        }
    }
}

/// <summary>Where no proxy is known, nobody's word about an address counts.</summary>
public sealed class ProxylessTests(ProxylessHost host) : IClassFixture<ProxylessHost>
{
    [Fact]
    [Case(152)]
    [Case(205)]
    public async Task ChangingXForwardedFor_EvadesNothing()
    {
        var (username, _) = await host.Client.RegisterAsync();
        var secrets = new List<HttpStatusCode>();
        var passwords = new List<HttpStatusCode>();
        for (var i = 0; i < 2 * ProxylessHost.Failures; i++)
        {
            using var client = host.At($"198.51.100.{i}");
            using var secret = await Secrets.TokenAsync(client, "demo-service", Secrets.Wrong);
            secrets.Add(secret.StatusCode);
            using var password = await client.PasswordGrantAsync(BackChannel.NewName(), "wrong password");
            passwords.Add(password.StatusCode);
        }
        Assert.Equal(6, secrets.Count(s => s == HttpStatusCode.Unauthorized));
        Assert.Equal(ProxylessHost.Failures, passwords.Count(s => s == HttpStatusCode.BadRequest));
        Assert.All(secrets.Skip(6).Concat(passwords.Skip(ProxylessHost.Failures)), s => Assert.Equal(HttpStatusCode.TooManyRequests, s));
        foreach (var node in host.Nodes)
        {
            using var client = node.At("192.0.2.1");
            await client.PasswordGrantAsync(username, BackChannel.Password).BlockedAsync(LimitedHost.Block);
        }
    }
}
