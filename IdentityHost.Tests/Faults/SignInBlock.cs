using System.Net;
using IdentityHost.Tests.Protocol;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Faults;

/// <summary>A person whose sign-in is blocked after wrong passwords.</summary>
/// <param name="Username">The name; the password is <see cref="BackChannel.Password"/>.</param>
/// <param name="Earliest">The block began after this moment of the true time,</param>
/// <param name="Latest">and before this one.</param>
sealed record SignInBlock(string Username, DateTimeOffset Earliest, DateTimeOffset Latest)
{
    const int Failures = 5;

    public static async Task<SignInBlock> CauseAsync(NodeProcess node)
    {
        var (username, _) = await node.Client.RegisterAsync();
        for (var i = 1; i < Failures; i++)
            await node.Client.PasswordGrantAsync(username, "wrong password").RefusedAsync("invalid_grant");
        var asked = DateTimeOffset.UtcNow;
        await node.Client.PasswordGrantAsync(username, "wrong password").RefusedAsync("invalid_grant");
        return new SignInBlock(username, asked, DateTimeOffset.UtcNow);
    }

    /// <summary>Every node says how long it still lasts, and is right.</summary>
    public async Task MustHoldAsync(IReadOnlyList<NodeProcess> nodes)
    {
        foreach (var node in nodes)
        {
            var asked = DateTimeOffset.UtcNow;
            using var answer = await node.Client.PasswordGrantAsync(Username, BackChannel.Password);
            Assert.Equal(HttpStatusCode.TooManyRequests, answer.StatusCode);
            var ends = asked + answer.Headers.RetryAfter!.Delta!.Value;
            Assert.InRange(ends, Earliest.AddSeconds(ShortLives.Block - ShortLives.Slack), Latest.AddSeconds(ShortLives.Block + ShortLives.Slack));
        }
    }

    /// <summary>The right password works at every node when the block is over, and not before.</summary>
    public async Task MustEndAsync(IReadOnlyList<NodeProcess> nodes)
    {
        foreach (var node in nodes)
        {
            while (true)
            {
                var asked = DateTimeOffset.UtcNow;
                using var answer = await node.Client.PasswordGrantAsync(Username, BackChannel.Password);
                var answered = DateTimeOffset.UtcNow;
                if (answer.IsSuccessStatusCode)
                {
                    Assert.True(answered >= Earliest.AddSeconds(ShortLives.Block), $"Signed in {(answered - Latest).TotalSeconds:0.0} s after the block began.");
                    break;
                }
                Assert.Equal(HttpStatusCode.TooManyRequests, answer.StatusCode);
                Assert.True(asked < Latest.AddSeconds(ShortLives.Block + ShortLives.Slack), $"Blocked {(asked - Latest).TotalSeconds:0.0} s after the block began.");
                await Task.Delay(250);
            }
        }
    }
}
