using IdentityHost.Data;
using IdentityHost.Revocation;
using Microsoft.Extensions.Options;
using Npgsql;

namespace IdentityHost.Limits;

/// <summary>Whether a source may try now. Asked before anything is compared or written, so that who is blocked cannot make the database write.</summary>
internal sealed class Blocks(NpgsqlDataSource database, RevocationCopy revocations, IOptions<RateLimits> options)
{
    /// <summary>
    /// A row from the future was written before the database's clock was put back; without this condition its block would last as much longer. A
    /// minute is more than a statement may wait for a lock, which makes rows look as young.
    /// </summary>
    public const string NotFromTheFuture = "c.updated_at <= identity_now() + interval '1 minute'";

    const string LongestWait =
        $"""
        SELECT max(c.blocked_until) - identity_now() FROM failure_counters c
        WHERE c.key = ANY ($1) AND c.blocked_until > identity_now() AND {NotFromTheFuture}
        """;

    readonly RateLimits _limits = options.Value;

    /// <summary>How long until none of them is blocked any more; null where none is.</summary>
    public async ValueTask<TimeSpan?> BlockedForAsync(CancellationToken cancellationToken, params FailureSource[] sources)
    {
        if (!_limits.Enabled)
            return null;
        // Who is free by the copy costs no query. For the others the database decides, by its clock: the block may be over, or have been taken away.
        if (revocations.IsFresh && !Array.Exists(sources, source => revocations.HoldsBlock(source.FeedKey)))
            return null;
        await using var command = database.CreateCommand(LongestWait);
        command.Parameters.Add(Sql.Value<byte[][]>([.. sources.Select(source => source.Key)]));
        return await command.ExecuteScalarAsync(cancellationToken) as TimeSpan?;
    }
}
