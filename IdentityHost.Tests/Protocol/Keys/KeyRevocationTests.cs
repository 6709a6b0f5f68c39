using System.Diagnostics;
using IdentityHost.Protocol.Keys;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol.Keys;

/// <summary>The emergency: a private key that is no longer private.</summary>
public sealed class KeyRevocationTests(KeysHost host) : IClassFixture<KeysHost>
{
    static readonly TimeSpan Promise = TimeSpan.FromSeconds(2);

    [Case("R14")]
    [Fact]
    public async Task The_key_that_signs_is_replaced_at_once_and_nothing_it_signed_is_accepted()
    {
        var stolen = await host.SigningAsync();
        var dead = new List<string>();
        foreach (var node in host.Nodes)
            dead.Add((await KeysHost.IssueAsync(node)).Token);
        foreach (var token in dead)
            await host.AllAcceptAsync(token);

        var done = await host.Nodes[0].Service<KeyRotation>().RevokeAsync(stolen.Kid, default);
        Assert.Equal((stolen.Kid, KeyStage.Signing), (done!.Revoked.Kid, done.Revoked.Stage));

        await WithinPromiseAsync(async node => !(await KeysHost.JwksAsync(node)).Kids.Contains(stolen.Kid));
        foreach (var token in dead)
            await host.AllAcceptAsync(token, accepted: false);
        foreach (var node in host.Nodes)
        {
            var (kid, _, token) = await KeysHost.IssueAsync(node);
            Assert.Equal(done.Successor, kid);
            await host.AllAcceptAsync(token);
        }
        Assert.Equal(done.Successor, (await host.SigningAsync()).Kid);
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM signing_keys WHERE kid = $1", stolen.Kid));
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM revocations WHERE kind = 6 AND key = $1 AND epoch IS NULL", stolen.Kid));
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE kind = 'signing_key_revoked' AND detail = $1", stolen.Kid));
    }

    [Case("R14")]
    [Fact]
    public async Task A_successor_that_waits_takes_the_place_of_a_revoked_key()
    {
        var rotation = host.Nodes[1].Service<KeyRotation>();
        var stolen = await host.SigningAsync();
        var waiting = Assert.Single(await rotation.RotateAsync(atOnce: false, default));
        Assert.Equal(waiting.Kid, (await rotation.RevokeAsync(stolen.Kid, default))!.Successor);
        await WithinPromiseAsync(async node => (await KeysHost.IssueAsync(node)).Kid == waiting.Kid);
        Assert.Equal(waiting.Kid, Assert.Single(await host.ListAsync()).Kid);
    }

    [Case("R14")]
    [Fact]
    public async Task A_key_that_has_retired_is_revoked_and_nobody_else_notices()
    {
        var rotation = host.Nodes[0].Service<KeyRotation>();
        var stolen = await host.SigningAsync();
        var dead = (await KeysHost.IssueAsync(host.Nodes[0])).Token;
        var next = Assert.Single(await rotation.RotateAsync(atOnce: true, default));
        await host.NodesFollowAsync();
        await WithinPromiseAsync(async node => (await KeysHost.IssueAsync(node)).Kid == next.Kid, TimeSpan.FromSeconds(5));
        await host.AllAcceptAsync(dead);
        var alive = (await KeysHost.IssueAsync(host.Nodes[1])).Token;

        var done = await rotation.RevokeAsync(stolen.Kid, default);
        Assert.Equal((KeyStage.Retired, null), (done!.Revoked.Stage, done.Successor));
        await WithinPromiseAsync(node => KeysHost.RefusesAsync(node, dead));
        await host.AllAcceptAsync(alive);
        Assert.Equal(next.Kid, (await host.SigningAsync()).Kid);
    }

    /// <summary>Whom it was to succeed goes on without an end, and gets another successor when its time comes.</summary>
    [Fact]
    public async Task A_key_that_is_only_announced_is_revoked_and_the_old_one_signs_on()
    {
        var rotation = host.Nodes[0].Service<KeyRotation>();
        var current = await host.SigningAsync();
        var waiting = Assert.Single(await rotation.RotateAsync(atOnce: false, default));
        Assert.NotNull((await host.SigningAsync()).RetiresAt);

        Assert.Null((await rotation.RevokeAsync(waiting.Kid, default))!.Successor);
        Assert.Equal(current, await host.SigningAsync());
        await WithinPromiseAsync(async node => !(await KeysHost.JwksAsync(node)).Kids.Contains(waiting.Kid));
        await host.GoToAsync(current.ActivatesAt + KeysHost.Lifetime - KeysHost.Announce);
        await host.RunJobAsync();
        Assert.Single(await host.ListAsync(), k => k.Stage == KeyStage.Announced && k.Kid != waiting.Kid);
    }

    [Fact]
    public async Task What_is_no_key_is_not_revoked()
    {
        var before = await host.ListAsync();
        Assert.Null(await host.Nodes[0].Service<KeyRotation>().RevokeAsync("no-such-key", default));
        Assert.Equal(before.Select(k => k.Kid), (await host.ListAsync()).Select(k => k.Kid));
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM revocations WHERE key = 'no-such-key'"));
    }

    async Task WithinPromiseAsync(Func<HostNode, Task<bool>> condition, TimeSpan? promise = null)
    {
        var watch = Stopwatch.StartNew();
        foreach (var node in host.Nodes)
            await Eventually.TrueAsync(() => condition(node), (promise ?? Promise) - watch.Elapsed);
    }
}
