using IdentityHost.Protocol.Keys;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol.Keys;

/// <summary>A node that was stopped while the keys went on without it.</summary>
public sealed class SleptOverTests(KeysHost host) : IClassFixture<KeysHost>
{
    HostNode Awake => host.Nodes[0];

    HostNode Asleep => host.Nodes[1];

    [Case("R13")]
    [Fact]
    public async Task A_node_that_missed_rotations_does_not_sign_with_a_retired_key()
    {
        var known = await host.SigningAsync();
        await KeysHost.StopPollingAsync(Asleep);

        // One rotation it knows nothing of.
        var second = await RotateAsync();
        Assert.Equal(second.Kid, (await KeysHost.IssueAsync(Asleep)).Kid);

        // One that it has seen announced, and another after it: by what it knows, the announced one signs.
        var third = Assert.Single(await Awake.Service<KeyRotation>().RotateAsync(atOnce: false, default));
        await Asleep.Service<SigningKeyStore>().ReadAsync(default);
        await host.GoToAsync(third.ActivatesAt);
        var fourth = await RotateAsync();
        Assert.Equal(4, new[] { known.Kid, second.Kid, third.Kid, fourth.Kid }.Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(third.Kid, Asleep.Service<SigningKeys>().Signing(["ES256"])!.Kid);
        var issued = await KeysHost.IssueAsync(Asleep);
        Assert.Equal(fourth.Kid, issued.Kid);
        // In real time it has known the key since it was announced.
        await Awake.Service<SigningKeyStore>().ReadAsync(default);
        Assert.True(await KeysHost.AcceptsAsync(Awake, issued.Token));
    }

    /// <summary>The process can be stopped at any instruction, also between the choice of the key and the signature.</summary>
    [Case("R13")]
    [Fact]
    public async Task A_signature_that_took_too_long_or_crossed_a_rotation_is_made_again()
    {
        var (store, clock) = (Awake.Service<SigningKeyStore>(), Awake.Service<TimeProvider>());
        var key = await store.ForSigningAsync(["ES256"], default);
        var now = clock.GetUtcNow();
        Assert.True(store.IsStillRight(key, ["ES256"], now));
        Assert.False(store.IsStillRight(key, ["ES256"], now - SigningKeyStore.OldestCopy));
        await RotateAsync();
        await store.ReadAsync(default);
        Assert.False(store.IsStillRight(key, ["ES256"], clock.GetUtcNow()));
    }

    async Task<KeyFacts> RotateAsync()
    {
        var next = Assert.Single(await Awake.Service<KeyRotation>().RotateAsync(atOnce: false, default));
        await host.GoToAsync(next.ActivatesAt);
        return next;
    }
}
