using System.Collections.Immutable;
using IdentityHost.Data;
using IdentityHost.Data.Entities;
using IdentityHost.Revocation;
using Microsoft.EntityFrameworkCore;

namespace IdentityHost.Protocol.Keys;

/// <summary>Proves, without asking the database, that the keys in memory are those of the database a moment ago.</summary>
internal interface IKeyFreshness
{
    bool IsFresh { get; }
}

/// <summary>
/// The keys in <c>signing_keys</c> and their copy in memory (<see cref="SigningKeys"/>): read at start and whenever they changed. Signing goes
/// through it, since a copy that may be old must not sign: a node that slept over a rotation would wake with a key that has retired.
/// </summary>
/// <param name="feed">What else than a read of its own tells that the copy is fresh; null where nothing does.</param>
internal sealed class SigningKeyStore(
    IDbContextFactory<HostDbContext> contexts,
    SigningKeySeal seal,
    SigningKeys keys,
    KeyRotation rotation,
    TimeProvider clock,
    IKeyFreshness? feed = null) : IStartupStep, IRevocationListener, IDisposable
{
    /// <summary>How old the copy may be that signs. A change that is to hold everywhere at one instant is told longer than this before.</summary>
    public static readonly TimeSpan OldestCopy = TimeSpan.FromSeconds(2);

    readonly SemaphoreSlim _reading = new(1);
    long _readAtTicks = DateTimeOffset.MinValue.Ticks;

    /// <summary>Makes the first keys, and those that came due while no node was running.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await rotation.RunAsync(cancellationToken);
        await ReadAsync(cancellationToken);
    }

    public async ValueTask AppliedAsync(RevocationKind kind, string key, CancellationToken cancellationToken)
    {
        if (kind is RevocationKind.Key or RevocationKind.SigningKeys)
            await ReadAsync(cancellationToken);
    }

    /// <summary>The key to sign with, of the first of these algorithms that has one. Asks the database only if the copy may be old.</summary>
    /// <exception cref="InvalidOperationException">There is none: the host has not started.</exception>
    public ValueTask<SigningKeyHandle> ForSigningAsync(ImmutableArray<string> algorithms, CancellationToken cancellationToken) =>
        IsFresh && keys.Signing(algorithms) is { } key ? ValueTask.FromResult(key) : ReadAndChooseAsync(algorithms, cancellationToken);

    /// <summary>
    /// Whether the key that was chosen is still the right one now that it has signed: the process may have been stopped between the two for as long
    /// as it pleases whoever stopped it.
    /// </summary>
    /// <param name="key">The key.</param>
    /// <param name="algorithms">What it was chosen for.</param>
    /// <param name="chosenAt">When, by this node's clock.</param>
    public bool IsStillRight(SigningKeyHandle key, ImmutableArray<string> algorithms, DateTimeOffset chosenAt) =>
        (clock.GetUtcNow() - chosenAt).Duration() < OldestCopy && ReferenceEquals(keys.Signing(algorithms), key);

    /// <summary>Reads the keys, or waits for a read that began later than the call.</summary>
    public async Task ReadAsync(CancellationToken cancellationToken)
    {
        var asked = clock.GetUtcNow().Ticks;
        await _reading.WaitAsync(cancellationToken);
        try
        {
            // Taken before the statement is sent: the copy is at least as old as that.
            var sent = clock.GetUtcNow().Ticks;
            var read = Volatile.Read(ref _readAtTicks);
            if (read > asked && read <= sent)
                return;
            await using var context = await contexts.CreateDbContextAsync(cancellationToken);
            var rows = await context.SigningKeys.AsNoTracking().ToListAsync(cancellationToken);
            keys.Replace([.. rows.OrderBy(k => k.ActivatesAt).ThenBy(k => k.Kid, StringComparer.Ordinal)
                .Select(k => new TimedKey(keys.Find(k.Kid) ?? seal.Open(k), k.ActivatesAt, k.RetiresAt, k.ExpiresAt))]);
            Volatile.Write(ref _readAtTicks, sent);
        }
        finally
        {
            _reading.Release();
        }
    }

    public void Dispose() => _reading.Dispose();

    bool IsFresh
    {
        get
        {
            if (feed?.IsFresh == true)
                return true;
            // A clock that went back says nothing about the age.
            var age = clock.GetUtcNow().Ticks - Volatile.Read(ref _readAtTicks);
            return age >= 0 && age < OldestCopy.Ticks;
        }
    }

    async ValueTask<SigningKeyHandle> ReadAndChooseAsync(ImmutableArray<string> algorithms, CancellationToken cancellationToken)
    {
        await ReadAsync(cancellationToken);
        return keys.Signing(algorithms) ?? throw new InvalidOperationException("There is no signing key yet.");
    }
}
