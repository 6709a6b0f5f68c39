using System.Runtime.CompilerServices;
using IdentityHost.Data;
using IdentityHost.Tests.Protocol;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Limits;

/// <summary>A host with low limits, whose clock the tests move.</summary>
public sealed class LimitClockHost(TestPostgres postgres) : HostFixture(postgres)
{
    public const int Failures = 3;
    public const int AddressFailures = 12;

    protected override IEnumerable<KeyValuePair<string, string?>> Settings =>
    [
        new("Proxy:KnownNetworks", "127.0.0.1/32"),
        new("RateLimits:Client:Failures", "3"),
        new("RateLimits:Address:Failures", "12"),
    ];
}

/// <summary>How long blocks of clients and addresses last, whatever clocks do.</summary>
public sealed class LimitClockTests(LimitClockHost host) : IClassFixture<LimitClockHost>
{
    const string DemoSecret = "demo-service-secret-for-development-only";

    [Fact]
    [Case(69)]
    [Case(151)]
    public async Task ClientsBlock_EndsWhenRetryAfterSays_GrowsInASeries_AndIsForgotten()
    {
        using var client = host.At("203.0.113.1");
        var elapsed = TimeSpan.Zero;
        foreach (var block in new[] { 30, 60, 120, 240, 480, 900, 900 })
        {
            await FailAsync(client);
            var wait = await Secrets.TokenAsync(client, "demo-service", DemoSecret).BlockedAsync(TimeSpan.FromSeconds(block));
            Assert.InRange(wait.TotalSeconds, block - 15, block);
            await host.Clock.SetAsync(elapsed += wait);
            await Secrets.TokenAsync(client, "demo-service", DemoSecret).GrantedAsync();
        }
        // A window (5 minutes) after the last block the series is forgotten.
        await host.Clock.SetAsync(elapsed += TimeSpan.FromMinutes(6));
        await FailAsync(client);
        await Secrets.TokenAsync(client, "demo-service", DemoSecret).BlockedAsync(TimeSpan.FromSeconds(30));
        await host.Clock.SetAsync(TimeSpan.Zero);
    }

    [Fact]
    [Case(69)]
    public async Task FailuresOfTwoWindows_AreNotAddedUp()
    {
        using var client = host.At("203.0.113.2");
        for (var i = 0; i < 3; i++)
        {
            await host.Clock.SetAsync(TimeSpan.FromMinutes(i * 5.1));
            await FailAsync(client, LimitClockHost.Failures - 1);
        }
        await Secrets.TokenAsync(client, "demo-service", DemoSecret).GrantedAsync();
        await host.Clock.SetAsync(TimeSpan.Zero);
    }

    [Fact]
    [Case(152)]
    public async Task AddressesBlock_EndsWhenRetryAfterSays()
    {
        using var client = host.At("203.0.113.3");
        var elapsed = TimeSpan.Zero;
        foreach (var block in new[] { 60, 120, 240 })
        {
            for (var i = 0; i < LimitClockHost.AddressFailures; i++)
                await client.PasswordGrantAsync(BackChannel.NewName(), "wrong password").RefusedAsync("invalid_grant");
            await host.FeedReadAsync();
            var wait = await client.PasswordGrantAsync(HostFixture.AdminName, HostFixture.AdminPassword).BlockedAsync(TimeSpan.FromSeconds(block));
            Assert.InRange(wait.TotalSeconds, block - 15, block);
            await host.Clock.SetAsync(elapsed += wait);
            await client.PasswordGrantAsync(HostFixture.AdminName, HostFixture.AdminPassword).GrantedAsync();
        }
        await host.Clock.SetAsync(TimeSpan.Zero);
    }

    /// <summary>A node whose clock jumps by an hour, either way: blocks are as long as before, for it decides nothing.</summary>
    [Theory]
    [Case("R17")]
    [InlineData(-60)]
    [InlineData(60)]
    public async Task NodesClockThatJumps_NeitherExtendsNorEndsABlock(int minutes)
    {
        using var client = host.At($"203.0.113.{100 + minutes}");
        await FailAsync(client);
        var deadline = DateTime.UtcNow + TimeSpan.FromSeconds(1);
        while (DateTime.UtcNow < deadline)
        {
            foreach (var node in host.Nodes)
            {
                // As the jump looks to the node until it measures again.
                Volatile.Write(ref OffsetOf(node.Service<DatabaseClock>()), TimeSpan.FromMinutes(minutes).Ticks);
                using var here = node.At($"203.0.113.{100 + minutes}");
                await Secrets.TokenAsync(here, "demo-service", DemoSecret).BlockedAsync(TimeSpan.FromSeconds(30));
            }
        }
        await host.Clock.SetAsync(TimeSpan.FromSeconds(31));
        foreach (var node in host.Nodes)
        {
            Volatile.Write(ref OffsetOf(node.Service<DatabaseClock>()), TimeSpan.FromMinutes(minutes).Ticks);
            using var here = node.At($"203.0.113.{100 + minutes}");
            await Secrets.TokenAsync(here, "demo-service", DemoSecret).GrantedAsync();
        }
        await host.Clock.SetAsync(TimeSpan.Zero);
    }

    /// <summary>The database's own clock is put back by an hour: no block lasts the hour, and failures count as before.</summary>
    [Fact]
    [Case("R17")]
    public async Task DatabasesClockPutBack_ExtendsNoBlock()
    {
        using var service = host.At("203.0.113.4");
        using var name = host.At("203.0.113.5");
        using var address = host.At("203.0.113.6");
        var (username, _) = await host.Client.RegisterAsync();
        await host.Clock.SetAsync(TimeSpan.FromHours(1));
        await BlockAllAsync();

        await host.Clock.SetAsync(TimeSpan.Zero);
        await Secrets.TokenAsync(service, "demo-service", DemoSecret).GrantedAsync();
        await address.PasswordGrantAsync(username, BackChannel.Password).GrantedAsync();
        await name.PasswordGrantAsync(username, BackChannel.Password).GrantedAsync();
        await BlockAllAsync();

        async Task BlockAllAsync()
        {
            await FailAsync(service);
            for (var i = 0; i < 5; i++)
                await name.PasswordGrantAsync(username, "wrong password").RefusedAsync("invalid_grant");
            for (var i = 0; i < LimitClockHost.AddressFailures; i++)
                await address.PasswordGrantAsync(BackChannel.NewName(), "wrong password").RefusedAsync("invalid_grant");
            await host.FeedReadAsync();
            await Secrets.TokenAsync(service, "demo-service", DemoSecret).BlockedAsync(TimeSpan.FromSeconds(30));
            await name.PasswordGrantAsync(username, BackChannel.Password).BlockedAsync(TimeSpan.FromSeconds(30));
            await address.PasswordGrantAsync(username, BackChannel.Password).BlockedAsync(TimeSpan.FromSeconds(60));
        }
    }

    async Task FailAsync(HttpClient client, int times = LimitClockHost.Failures)
    {
        for (var i = 0; i < times; i++)
            await Secrets.TokenAsync(client, "demo-service", Secrets.Wrong).RefusedAsync(System.Net.HttpStatusCode.Unauthorized, "invalid_client");
        await host.FeedReadAsync();
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_offsetTicks")]
    static extern ref long OffsetOf(DatabaseClock clock);
}
