using System.Buffers.Binary;
using System.Diagnostics;
using IdentityHost.Users.Passwords;
using Microsoft.Extensions.Options;

namespace IdentityHost.Tests.Users;

/// <summary>SECURITY.md 133, 147, 210: exact comparison, equal work, PBKDF2-SHA512 at the configured rounds, a queue with an end.</summary>
public sealed class PasswordHashingTests
{
    const int FewRounds = 1_000;

    [Fact]
    public async Task Verify_IsExactAndUpgrades()
    {
        using var old = Hashing(FewRounds);
        using var now = Hashing(FewRounds * 2);
        var password = new string('x', 72) + "Tail";
        var hash = await old.HashAsync(password, default);
        Assert.Equal(PasswordCheck.Right, await old.VerifyAsync(hash, password, default));
        Assert.Equal(PasswordCheck.RightButRehash, await now.VerifyAsync(hash, password, default));
        foreach (var other in new[] { password + " ", password.ToUpperInvariant(), new string('x', 72) + "tail", "" })
            Assert.Equal(PasswordCheck.Wrong, await old.VerifyAsync(hash, other, default));
    }

    [Fact]
    public async Task Hash_IsPbkdf2Sha512AtTheDefaultRounds()
    {
        using var hashing = new PasswordHashing(Options.Create(new PasswordsOptions()));
        var bytes = Convert.FromBase64String(await hashing.HashAsync("kingofkinglessworld", default));
        Assert.Equal(1, bytes[0]);
        Assert.Equal(2u, BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(1)));
        Assert.Equal(210_000u, BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(5)));
    }

    [Fact]
    public async Task Verify_WithoutHash_IsWrongAfterEqualWork()
    {
        using var hashing = Hashing(100_000);
        var hash = await hashing.HashAsync("kingofkinglessworld", default);
        // In turn, and the fastest of each: a busy machine slows both, and only ever slows. Skipping the work would be a thousandfold.
        var (known, unknown) = (double.MaxValue, double.MaxValue);
        for (var i = 0; i < 9; i++)
        {
            known = Math.Min(known, await TimeAsync(() => hashing.VerifyAsync(hash, "wrong", default)));
            unknown = Math.Min(unknown, await TimeAsync(() => hashing.VerifyAsync(null, "wrong", default)));
        }
        Assert.InRange(unknown / known, 0.5, 2);
        Assert.Equal(PasswordCheck.Wrong, await hashing.VerifyAsync(null, "", default));
    }

    [Fact]
    public async Task Queue_Full_RefusesAndSaysWhen()
    {
        using var release = new ManualResetEventSlim();
        using var queue = new HashingQueue(threads: 1, length: 2);
        using var started = new SemaphoreSlim(0);
        var running = queue.RunAsync(() => { started.Release(); release.Wait(); return 0; }, default);
        await started.WaitAsync();
        using var leaving = new CancellationTokenSource();
        var dropped = queue.RunAsync(() => 1, leaving.Token);
        var waiting = queue.RunAsync(() => 2, default);
        var full = await Assert.ThrowsAsync<HashingQueueFullException>(() => queue.RunAsync(() => 3, default));
        Assert.True(full.RetryAfter >= TimeSpan.FromSeconds(1));

        // One that goes away makes room at once.
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => dropped);
        Assert.Equal(1, queue.Waiting);
        var next = queue.RunAsync(() => 4, default);
        release.Set();
        var results = await Task.WhenAll(running, waiting, next);
        Assert.Equal([0, 2, 4], results);
    }

    [Fact]
    public async Task Queue_Disposed_CancelsWhatWaits()
    {
        using var release = new ManualResetEventSlim();
        using var started = new SemaphoreSlim(0);
        var queue = new HashingQueue(threads: 1, length: 5);
        var running = queue.RunAsync(() => { started.Release(); release.Wait(); return 0; }, default);
        await started.WaitAsync();
        var waiting = queue.RunAsync(() => 1, default);
        var disposing = Task.Run(queue.Dispose);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        release.Set();
        Assert.Equal(0, await running);
        await disposing;
        await Assert.ThrowsAsync<ObjectDisposedException>(() => queue.RunAsync(() => 1, default));
    }

    static PasswordHashing Hashing(int rounds) => new(Options.Create(new PasswordsOptions { Iterations = rounds, HashingConcurrency = 1 }));

    static async Task<double> TimeAsync(Func<Task> work)
    {
        var start = Stopwatch.GetTimestamp();
        await work();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }
}
