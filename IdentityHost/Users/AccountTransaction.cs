using IdentityHost.Audit;
using IdentityHost.Data;
using IdentityHost.Data.Entities;
using IdentityHost.Revocation;
using IdentityHost.Users.Api;
using Microsoft.EntityFrameworkCore;

namespace IdentityHost.Users;

/// <summary>An account as it is while its row is locked.</summary>
internal sealed record LockedUser(long Id, short Role, bool Status, int Epoch, long Version)
{
    public bool IsAdmin => Role == (short)UserRole.Admin;
}

/// <summary>
/// The frame of every command on an account: lock, check the actor again, change, audit, in one transaction. What was true when the request was
/// authorized may not be any more: two admins who remove each other at once must not both succeed.
/// </summary>
internal sealed class AccountTransaction(HostDbContext context, Revocations revocations)
{
    /// <summary>Runs a change under the locks of the account and its actor. It is repeated as a whole where the database gave it up for another's sake.</summary>
    /// <param name="id">Whom.</param>
    /// <param name="actor">The person themself where <paramref name="ownToo"/>, an admin, or a client that may manage users.</param>
    /// <param name="ownToo">Whether people may do this to their own account.</param>
    /// <param name="condition">The version the actor has seen, if they sent one.</param>
    /// <param name="change">Does it. What it adds to the context is saved with it; the error that it returns rolls everything back.</param>
    /// <param name="cancellationToken">Ends it unless it has committed.</param>
    /// <returns>Null when done; <c>admin_required</c>, <c>user_not_found</c>, <c>precondition_failed</c> or the error of the change.</returns>
    public Task<ApiError?> RunAsync(
        long id, Actor actor, bool ownToo, VersionCondition condition, Func<LockedUser, Task<ApiError?>> change, CancellationToken cancellationToken) =>
        Conflicts.RetryAsync(() => TryAsync(id, actor, ownToo, condition, change, cancellationToken));

    /// <summary>Adds to the audit what is done to an account, in the transaction that does it.</summary>
    public void Tell(string kind, long id, Actor actor, string? detail = null) => context.AddAudit(new AuditEvent
    {
        Kind = kind,
        ActorId = actor.UserId,
        SubjectId = id,
        ClientId = actor.ClientId,
        Address = actor.Address,
        Detail = detail,
    });

    /// <summary>Ends every session and grant of the account, in the order in which everybody locks; for within a change, which has its row.</summary>
    public Task EndSignInsAsync(long id, CancellationToken cancellationToken) => context.Database.ExecuteSqlAsync(
        $"""
        UPDATE sessions SET ended_at = identity_now() WHERE user_id = {id} AND ended_at IS NULL;
        UPDATE grants SET ended_at = identity_now() WHERE user_id = {id} AND ended_at IS NULL
        """,
        cancellationToken);

    async Task<ApiError?> TryAsync(
        long id, Actor actor, bool ownToo, VersionCondition condition, Func<LockedUser, Task<ApiError?>> change, CancellationToken cancellationToken)
    {
        context.ChangeTracker.Clear();
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        // Both rows, in the order of their ids: two admins who act on each other wait instead of deadlocking, and the second finds itself refused.
        var locked = await context.Database.SqlQuery<LockedUser>(
            $"""
            SELECT id AS "Id", role AS "Role", status AS "Status", epoch AS "Epoch", version AS "Version"
            FROM users WHERE id = {id} OR id = {actor.UserId ?? id} ORDER BY id FOR UPDATE
            """).ToListAsync(cancellationToken);
        if (actor.UserId is { } actorId && !locked.Exists(u => u.Id == actorId && u.Status && (u.IsAdmin || (ownToo && actorId == id))))
            return ApiErrors.AdminRequired;
        if (locked.Find(u => u.Id == id) is not { } target)
            return ApiErrors.UserNotFound;
        if (!condition.Holds(target.Version))
            return ApiErrors.PreconditionFailed;

        if (await change(target) is { } refusal)
            return refusal;
        await context.SaveChangesAsync(cancellationToken);
        // Not given up half-way: what has committed must also be told.
        await transaction.CommitAsync(CancellationToken.None);
        if (context.ChangeTracker.Entries<RevocationEntry>().Any())
            await revocations.PublishAsync();
        return null;
    }
}
