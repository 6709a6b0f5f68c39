using System.Collections.Immutable;
using System.Diagnostics;
using IdentityHost.Data;
using IdentityHost.Data.Entities;
using IdentityHost.Revocation;
using Microsoft.EntityFrameworkCore;

namespace IdentityHost.Protocol.Keys;

/// <summary>
/// The keys in <c>signing_keys</c> and their copy in memory (<see cref="SigningKeys"/>): read at start and whenever they changed. Signing goes
/// through it, since a copy that may be old must not sign: a node that slept over a rotation would wake with a key that has retired.
/// </summary>
internal sealed partial class SigningKeyStore(
    IDbContextFactory<HostDbContext> contexts,
    SigningKeySeal seal,
    SigningKeys keys,
    KeyRotation rotation,
    RevocationCopy revocations,
    TimeProvider clock,
    ILogger<SigningKeyStore> logger) : IStartupStep, IRevocationListener, IDisposable
{
    /// <summary>How old the copy may be that signs. A change that is to hold everywhere at one instant is told longer than this before.</summary>
    public static readonly TimeSpan OldestCopy = RevocationCopy.Patience;

    readonly SemaphoreSlim _reading = new(1);
    readonly HashSet<string> _unreadable = new(StringComparer.Ordinal);
    long _readAt;

    /// <summary>Makes the first keys, and those that came due while no node was running.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await rotation.RunAsync(cancellationToken);
        await ReadAsync(cancellationToken);
    }

    public async ValueTask AppliedAsync(RevocationKind kind, string key, CancellationToken cancellationToken)
    {
        if (kind is RevocationKind.Key or RevocationKind.SigningKeys or RevocationKind.All)
            await ReadAsync(cancellationToken);
    }

    /// <summary>The key to sign with, of the first of these algorithms that has one. Asks the database only if the copy may be old.</summary>
    /// <exception cref="InvalidOperationException">There is none: the host has not started.</exception>
    public ValueTask<SigningKeyHandle> ForSigningAsync(ImmutableArray<string> algorithms, CancellationToken cancellationToken) =>
        revocations.IsFresh && keys.Signing(algorithms) is { } key ? ValueTask.FromResult(key) : ReadAndChooseAsync(algorithms, cancellationToken);

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
        var asked = Stopwatch.GetTimestamp();
        await _reading.WaitAsync(cancellationToken);
        try
        {
            if (_readAt > asked)
                return;
            // Taken before the statement is sent: the copy is at least as old as that.
            var sent = Stopwatch.GetTimestamp();
            await using var context = await contexts.CreateDbContextAsync(cancellationToken);
            var rows = await context.SigningKeys.AsNoTracking().ToListAsync(cancellationToken);
            keys.Replace([.. rows.OrderBy(k => k.ActivatesAt).ThenBy(k => k.Kid, StringComparer.Ordinal).Select(Open).OfType<TimedKey>()]);
            _readAt = sent;
        }
        finally
        {
            _reading.Release();
        }
    }

    public void Dispose() => _reading.Dispose();

    async ValueTask<SigningKeyHandle> ReadAndChooseAsync(ImmutableArray<string> algorithms, CancellationToken cancellationToken)
    {
        await ReadAsync(cancellationToken);
        return keys.Signing(algorithms) ?? throw new InvalidOperationException("There is no signing key yet.");
    }

    /// <summary>
    /// Null for a key that this node cannot open (a verb was run with another key file). At the start that stops the node, below it must not
    /// keep the others from being read: a revoked one would go on being accepted.
    /// </summary>
    TimedKey? Open(SigningKey row)
    {
        try
        {
            return new TimedKey(keys.Find(row.Kid) ?? seal.Open(row), row.ActivatesAt, row.RetiresAt, row.ExpiresAt);
        }
        catch (InvalidOperationException e) when (_readAt != 0)
        {
            if (_unreadable.Add(row.Kid))
                Unreadable(logger, e.Message);
            return null;
        }
    }

    [LoggerMessage(3000, LogLevel.Error, "A signing key is left out: {Reason}")]
    static partial void Unreadable(ILogger logger, string reason);
}
