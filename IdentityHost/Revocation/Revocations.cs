using IdentityHost.Data;
using IdentityHost.Data.Entities;
using Microsoft.Extensions.Options;
using Npgsql;

namespace IdentityHost.Revocation;

/// <summary>
/// The one writer of the revocation table. A row is added in the transaction of the change it tells, and kept until the longest-lived
/// access token that it can hit has expired.
/// </summary>
internal sealed class Revocations(RevocationFeed feed, TimeProvider clock, IOptions<RevocationOptions> options)
{
    /// <summary>
    /// The head of the statement, for the places that write the row within a larger one: what follows gives these columns in order. They publish by
    /// <see cref="PublishWith"/> or <see cref="PublishAsync"/>.
    /// </summary>
    public const string InsertInto = "INSERT INTO revocations (kind, key, epoch, expires_at) ";

    const string Insert = InsertInto + "VALUES ($1, $2, $3, identity_now() + $4)";

    /// <summary>Adds a revocation to the statements of a hot path.</summary>
    /// <param name="batch">The statements that commit together with the change.</param>
    /// <param name="kind">What is hit.</param>
    /// <param name="key">The identifier that <paramref name="kind"/> names.</param>
    /// <param name="epoch">For epoch kinds: tokens below it are dead.</param>
    public void Add(WriteBatch batch, RevocationKind kind, string key, int? epoch = null)
    {
        batch.Add(Insert, Sql.Value((short)kind), Sql.Value(key), Sql.Optional(epoch), Sql.Value(options.Value.Keep));
        PublishWith(batch);
    }

    /// <summary>For a batch whose own statements write a revocation: it is published once they have committed.</summary>
    public void PublishWith(WriteBatch batch) => batch.AfterCommit(feed.PublishAsync);

    /// <inheritdoc cref="RevocationFeed.PublishAsync"/>
    public Task PublishAsync() => feed.PublishAsync();

    /// <summary>Adds a revocation to what the context saves next; the caller publishes after the commit.</summary>
    public void Add(HostDbContext context, RevocationKind kind, string key, int? epoch = null) => context.Revocations.Add(new RevocationEntry
    {
        Kind = kind,
        Key = key,
        Epoch = epoch,
        ExpiresAt = clock.GetUtcNow() + options.Value.Keep,
    });
}

/// <summary>Set by whoever issues tokens: revocation itself does not know them.</summary>
internal sealed class RevocationOptions
{
    /// <summary>The longest life of an access token and a minute for clocks that differ.</summary>
    public TimeSpan Keep { get; set; }
}
