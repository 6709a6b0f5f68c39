using IdentityHost.Audit;
using IdentityHost.Data;
using IdentityHost.Data.Entities;
using IdentityHost.Protocol.Tokens;
using IdentityHost.Revocation;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace IdentityHost.Protocol.Keys;

/// <summary>A key as people see it: nothing secret.</summary>
internal sealed record KeyFacts(string Kid, string Algorithm, KeyStage Stage, DateTimeOffset ActivatesAt, DateTimeOffset? RetiresAt, DateTimeOffset? ExpiresAt);

/// <summary>What a revocation did.</summary>
/// <param name="Revoked">The key, as it was.</param>
/// <param name="Successor">Which key signs from now on, if the revoked one did.</param>
internal sealed record KeyRevocation(KeyFacts Revoked, string? Successor);

/// <summary>
/// Every change of the signing keys: announced, signing, retired, gone. One at a time over all nodes and verbs (an advisory lock held to the end of
/// the transaction), by the database's clock, so that a key has one successor however many ask for it.
/// </summary>
internal sealed class KeyRotation(
    IDbContextFactory<HostDbContext> contexts,
    SigningKeySeal seal,
    Revocations revocations,
    AlgorithmsInUse algorithms,
    IOptions<KeysOptions> options,
    IOptions<TokensOptions> tokens)
{
    /// <summary>The key of the advisory lock: "SignKeys" in ASCII.</summary>
    const long ChangeLock = 0x5369676E4B657973;

    /// <summary>A node that is stopped while it holds the lock must not stand in the way of an emergency for longer than this.</summary>
    const string StuckTransactionEnds = "SET LOCAL idle_in_transaction_session_timeout = '10s'";

    /// <summary>Clocks of resource servers that differ, and a token that was signed at the last moment.</summary>
    static readonly TimeSpan Margin = TimeSpan.FromMinutes(1);

    /// <summary>Longer than the oldest copy that signs, and a transaction: all nodes know of the change by then, and make it at one instant.</summary>
    static readonly TimeSpan Soon = SigningKeyStore.OldestCopy + TimeSpan.FromSeconds(1);

    TimeSpan Keep => tokens.Value.AccessTokenLifetime + Margin;

    /// <summary>What the job does: first keys, successors that are due, the end of chains that are no longer used, and of keys that have expired.</summary>
    public Task RunAsync(CancellationToken cancellationToken) => ChangeAsync(
        change =>
        {
            foreach (var algorithm in algorithms.All)
                Continue(change, algorithm);
            foreach (var algorithm in change.Algorithms.Except(algorithms.All, StringComparer.Ordinal))
                End(change, change.Chain(algorithm));
            foreach (var key in change.Keys.ToList())
            {
                // A verb with another Tokens:AccessTokenLifetime than the nodes' may have promised too little.
                if (key.RetiresAt is { } retired && key.ExpiresAt < retired + Keep)
                    key.ExpiresAt = retired + Keep;
                if (KeyChain.StageOf(key, change.Now) == KeyStage.Gone)
                    change.Delete(key);
            }
            return 0;
        },
        cancellationToken);

    /// <summary>Every key, in the order of algorithm and activation. Waits for nobody.</summary>
    public async Task<List<KeyFacts>> ListAsync(CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var change = await ReadAsync(context, cancellationToken);
        return [.. change.Keys.OrderBy(k => k.Algorithm, StringComparer.Ordinal).ThenBy(k => k.ActivatesAt).Select(change.FactsOf)];
    }

    /// <summary>Announces a successor in every chain that has none. Returns the keys that sign next.</summary>
    /// <param name="atOnce">They sign as soon as every node knows them, whether or not resource servers do.</param>
    public Task<List<KeyFacts>> RotateAsync(bool atOnce, CancellationToken cancellationToken) => ChangeAsync(
        change =>
        {
            var at = change.Now + (atOnce ? Soon : options.Value.Announce);
            var next = new List<KeyFacts>();
            foreach (var algorithm in change.Algorithms)
            {
                var chain = change.Chain(algorithm);
                if (!chain.IsLive)
                    continue;
                var successor = chain.Announced ?? Create(change, algorithm, at);
                if (at < successor.ActivatesAt || chain.Announced is null)
                    HandOver(change, chain, successor, at);
                next.Add(change.FactsOf(successor));
            }
            return next;
        },
        cancellationToken);

    /// <summary>Takes a key away at once: nothing that it signed is accepted any more. If it was the one that signs, another signs from now on.</summary>
    /// <returns>Null if there is no such key.</returns>
    public Task<KeyRevocation?> RevokeAsync(string kid, CancellationToken cancellationToken) => ChangeAsync(
        change =>
        {
            if (change.Keys.FirstOrDefault(k => k.Kid == kid) is not { } key)
                return null;
            var facts = change.FactsOf(key);
            var chain = change.Chain(key.Algorithm);
            chain.Remove(key);
            change.Delete(key);
            change.Tell(RevocationKind.Key, kid);
            change.Audit(AuditKinds.SigningKeyRevoked, kid);
            if (facts.Stage != KeyStage.Signing)
                return new KeyRevocation(facts, null);
            var successor = chain.Announced ?? Create(change, key.Algorithm, change.Now);
            HandOver(change, chain, successor, change.Now);
            return new KeyRevocation(facts, successor.Kid);
        },
        cancellationToken);

    /// <summary>
    /// Publishes a key that never signs for the host, as if it had retired a moment ago: for trying how APIs meet a new key, and one that is taken away.
    /// </summary>
    public Task<SigningKey> PublishOnlyAsync(string algorithm, CancellationToken cancellationToken) => ChangeAsync(
        change =>
        {
            var key = seal.Generate(algorithm, change.Now, change.Now - Soon);
            change.Chain(algorithm).Retire(key, change.Now);
            change.Add(key);
            change.Tell(RevocationKind.SigningKeys, "");
            change.Audit(AuditKinds.SigningKeyCreated, key.Kid);
            return key;
        },
        cancellationToken);

    void Continue(KeyChange change, string algorithm)
    {
        var chain = change.Chain(algorithm);
        if (chain.Announced is not null)
            return;
        var announced = change.Now + options.Value.Announce;
        if (chain.Signing is not { } current)
        {
            // The very first key has nobody to wait for, nor has the first for ID tokens: until now there were none. The first of another algorithm
            // for access tokens has: resource servers know only the keys that they have fetched.
            var mustWait = algorithm == algorithms.AccessToken && change.Algorithms.Any(a => change.Chain(a).Signing is not null);
            Create(change, algorithm, mustWait ? announced : change.Now);
            return;
        }
        var due = current.ActivatesAt + options.Value.Lifetime;
        // A run early rather than a run late.
        if (announced + options.Value.Interval < due)
            return;
        var at = due > announced ? due : announced;
        HandOver(change, chain, Create(change, algorithm, at), at);
    }

    /// <summary>
    /// A chain whose algorithm is no longer asked for gets no successor. Its last key may sign to the end of its life: while a change of the setting
    /// reaches one node after the other, those that have not heard of it go on with it.
    /// </summary>
    void End(KeyChange change, KeyChain chain)
    {
        if (chain.Signing is { RetiresAt: null } last && last.ActivatesAt + options.Value.Lifetime <= change.Now && algorithms.All.All(a => change.Chain(a).Signing is not null))
        {
            chain.Retire(last, change.Now);
            change.Tell(RevocationKind.SigningKeys, "");
        }
    }

    SigningKey Create(KeyChange change, string algorithm, DateTimeOffset activatesAt)
    {
        var key = seal.Generate(algorithm, change.Now, activatesAt);
        change.Add(key);
        change.Tell(RevocationKind.SigningKeys, "");
        change.Audit(AuditKinds.SigningKeyCreated, key.Kid);
        return key;
    }

    static void HandOver(KeyChange change, KeyChain chain, SigningKey successor, DateTimeOffset at)
    {
        var from = chain.Signing?.Kid ?? "none";
        chain.HandOver(successor, at);
        change.Tell(RevocationKind.SigningKeys, "");
        change.Audit(AuditKinds.SigningKeyRotated, $"{from} -> {successor.Kid} at {at.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}");
    }

    async Task<T> ChangeAsync<T>(Func<KeyChange, T> change, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        await context.Database.ExecuteSqlRawAsync(StuckTransactionEnds, cancellationToken);
        await context.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock({ChangeLock})", cancellationToken);
        var result = change(await ReadAsync(context, cancellationToken));
        await context.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(CancellationToken.None);
        if (context.ChangeTracker.Entries<RevocationEntry>().Any())
            await revocations.PublishAsync();
        return result;
    }

    /// <summary>To be called after the lock was given: each statement sees what was committed before it.</summary>
    async Task<KeyChange> ReadAsync(HostDbContext context, CancellationToken cancellationToken)
    {
        var now = (await context.Database.SqlQuery<DateTime>($"SELECT identity_now() AS \"Value\"").ToListAsync(cancellationToken))[0];
        return new KeyChange(context, revocations, await context.SigningKeys.ToListAsync(cancellationToken), new DateTimeOffset(now), Keep);
    }
}
