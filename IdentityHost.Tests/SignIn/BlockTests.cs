using System.Net;
using IdentityHost.Tests.Protocol;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.SignIn;

/// <summary>A host whose clock the tests of one class move.</summary>
public sealed class ClockHost(TestPostgres postgres) : HostFixture(postgres);

/// <summary>How long a block lasts: short, growing, and over when it says.</summary>
public sealed class BlockTests(ClockHost host) : IClassFixture<ClockHost>
{
    [Fact]
    [Case(149)]
    [Case(151)]
    public async Task Block_EndsWhenRetryAfterSays_AndGrowsWithEachFurtherWrongPassword()
    {
        var (username, _) = await host.Client.RegisterAsync();
        for (var i = 0; i < 5; i++)
            await host.Client.PasswordGrantAsync(username, "wrong password").RefusedAsync("invalid_grant");

        var elapsed = TimeSpan.Zero;
        foreach (var block in new[] { 30, 60, 120, 240, 480, 900, 900 })
        {
            var wait = await WaitAsync(username);
            // A busy machine may take seconds between the block and the question.
            Assert.InRange(wait.TotalSeconds, block - 10, block);

            await host.Clock.SetAsync(elapsed += wait);
            // One try, which blocks again.
            await host.Client.PasswordGrantAsync(username, "wrong password").RefusedAsync("invalid_grant");
        }

        await host.Clock.SetAsync(elapsed += await WaitAsync(username));
        await host.Client.PasswordGrantAsync(username, BackChannel.Password).GrantedAsync();
        // The series is over: a wrong password is the first one again.
        for (var i = 0; i < 4; i++)
            await host.Client.PasswordGrantAsync(username, "wrong password").RefusedAsync("invalid_grant");
        await host.Client.PasswordGrantAsync(username, BackChannel.Password).GrantedAsync();
        await host.Clock.SetAsync(TimeSpan.Zero);
    }

    [Fact]
    [Case(151)]
    public async Task Series_IsForgottenAfterAnHour()
    {
        var (username, _) = await host.Client.RegisterAsync();
        for (var i = 0; i < 5; i++)
            await host.Client.PasswordGrantAsync(username, "wrong password").RefusedAsync("invalid_grant");
        await WaitAsync(username);

        await host.Clock.SetAsync(TimeSpan.FromMinutes(61));
        for (var i = 0; i < 4; i++)
            await host.Client.PasswordGrantAsync(username, "wrong password").RefusedAsync("invalid_grant");
        await host.Client.PasswordGrantAsync(username, BackChannel.Password).GrantedAsync();
        await host.Clock.SetAsync(TimeSpan.Zero);
    }

    /// <summary>What Retry-After says, the same on both nodes to a second or two.</summary>
    async Task<TimeSpan> WaitAsync(string username)
    {
        var longest = TimeSpan.Zero;
        foreach (var node in host.Nodes)
        {
            using var response = await node.Client.PasswordGrantAsync(username, BackChannel.Password);
            Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
            var wait = response.Headers.RetryAfter!.Delta!.Value;
            longest = wait > longest ? wait : longest;
        }
        return longest;
    }
}
