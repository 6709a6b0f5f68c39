using System.Globalization;
using IdentityHost.Audit;
using IdentityHost.Data;
using IdentityHost.Data.Entities;
using IdentityHost.Revocation;
using IdentityHost.Users.Api;
using Microsoft.EntityFrameworkCore;

namespace IdentityHost.Users;

/// <summary>
/// Disabling, enabling and deleting accounts. Each is one transaction: lock, check the actor again, change, revoke, audit. What was true when the
/// request was authorized may not be any more: two admins who remove each other at once must not both succeed.
/// </summary>
internal sealed class AccountCommands(HostDbContext context, Revocations revocations)
{
    /// <summary>Whatever takes an active admin away holds this advisory lock until it commits: "AdminLck" in ASCII.</summary>
    const long AdminLock = 0x41646D696E4C636B;

    /// <summary>Refuses the person's sign-in and kills every session, grant and token of theirs. Doing it twice changes nothing.</summary>
    /// <param name="id">Whom.</param>
    /// <param name="actor">An admin, or a client that may manage users.</param>
    /// <param name="condition">The version the actor has seen, if they sent one.</param>
    /// <param name="cancellationToken">Ends it unless it has committed.</param>
    /// <returns>Null when done; <c>user_not_found</c>, <c>last_admin</c>, <c>precondition_failed</c> or <c>admin_required</c>.</returns>
    public Task<ApiError?> DisableAsync(long id, Actor actor, VersionCondition condition, CancellationToken cancellationToken) =>
        ChangeAsync(id, actor, condition, AuditKinds.UserDisabled, async target =>
        {
            if (!target.Status)
                return Outcome.Unchanged;
            if (await IsLastAdminAsync(target, cancellationToken))
                return Outcome.LastAdmin;
            await context.Database.ExecuteSqlAsync(
                $"""
                UPDATE users SET status = false, epoch = epoch + 1, version = version + 1, updated_at = identity_now() WHERE id = {id};
                UPDATE sessions SET ended_at = identity_now() WHERE user_id = {id} AND ended_at IS NULL;
                UPDATE grants SET ended_at = identity_now() WHERE user_id = {id} AND ended_at IS NULL
                """,
                cancellationToken);
            Revoke(target);
            return Outcome.Changed;
        }, cancellationToken);

    /// <summary>Lets the person sign in again; what was revoked stays revoked.</summary>
    /// <returns>As <see cref="DisableAsync"/>, without <c>last_admin</c>.</returns>
    public Task<ApiError?> EnableAsync(long id, Actor actor, VersionCondition condition, CancellationToken cancellationToken) =>
        ChangeAsync(id, actor, condition, AuditKinds.UserEnabled, async target =>
        {
            if (target.Status)
                return Outcome.Unchanged;
            await context.Database.ExecuteSqlAsync(
                $"UPDATE users SET status = true, version = version + 1, updated_at = identity_now() WHERE id = {id}", cancellationToken);
            return Outcome.Changed;
        }, cancellationToken);

    /// <summary>Removes the account with its logins, sessions and grants (the database cascades). The audit keeps the id only.</summary>
    /// <param name="id">Whom.</param>
    /// <param name="actor">The person themself, an admin, or a client that may manage users.</param>
    /// <param name="condition">The version the actor has seen, if they sent one.</param>
    /// <param name="cancellationToken">Ends it unless it has committed.</param>
    /// <returns>As <see cref="DisableAsync"/>.</returns>
    public Task<ApiError?> DeleteAsync(long id, Actor actor, VersionCondition condition, CancellationToken cancellationToken) =>
        ChangeAsync(id, actor, condition, AuditKinds.UserDeleted, async target =>
        {
            if (await IsLastAdminAsync(target, cancellationToken))
                return Outcome.LastAdmin;
            await context.Database.ExecuteSqlAsync($"DELETE FROM users WHERE id = {id}", cancellationToken);
            Revoke(target);
            return Outcome.Changed;
        }, cancellationToken);

    Task<ApiError?> ChangeAsync(
        long id, Actor actor, VersionCondition condition, string auditKind, Func<LockedUser, Task<Outcome>> change, CancellationToken cancellationToken) =>
        Conflicts.RetryAsync(() => TryChangeAsync(id, actor, condition, auditKind, change, cancellationToken));

    async Task<ApiError?> TryChangeAsync(
        long id, Actor actor, VersionCondition condition, string auditKind, Func<LockedUser, Task<Outcome>> change, CancellationToken cancellationToken)
    {
        context.ChangeTracker.Clear();
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        // Both rows, in the order of their ids: two admins who act on each other wait instead of deadlocking, and the second finds itself refused.
        var locked = await context.Database.SqlQuery<LockedUser>(
            $"""
            SELECT id AS "Id", role AS "Role", status AS "Status", epoch AS "Epoch", version AS "Version"
            FROM users WHERE id = {id} OR id = {actor.UserId ?? id} ORDER BY id FOR UPDATE
            """).ToListAsync(cancellationToken);
        if (actor.UserId is { } actorId && !locked.Exists(u => u.Id == actorId && u.Status && (u.IsAdmin || (actorId == id && auditKind == AuditKinds.UserDeleted))))
            return ApiErrors.AdminRequired;
        if (locked.Find(u => u.Id == id) is not { } target)
            return ApiErrors.UserNotFound;
        if (!condition.Holds(target.Version))
            return ApiErrors.PreconditionFailed;

        var outcome = await change(target);
        if (outcome == Outcome.LastAdmin)
            return ApiErrors.LastAdmin;
        if (outcome == Outcome.Changed)
        {
            context.AddAudit(new AuditEvent { Kind = auditKind, ActorId = actor.UserId, SubjectId = id, ClientId = actor.ClientId, Address = actor.Address });
            await context.SaveChangesAsync(cancellationToken);
        }
        await transaction.CommitAsync(cancellationToken);
        await revocations.PublishAsync();
        return null;
    }

    /// <summary>
    /// Whether nobody could administer any more. The lock makes the answer hold until commit; it is taken after all row locks, and reading the
    /// other admins takes none, so no cycle can form.
    /// </summary>
    async Task<bool> IsLastAdminAsync(LockedUser target, CancellationToken cancellationToken)
    {
        if (!target.IsAdmin || !target.Status)
            return false;
        await context.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock({AdminLock})", cancellationToken);
        return !await context.Users.AnyAsync(u => u.Role == UserRole.Admin && u.Status && u.Id != target.Id, cancellationToken);
    }

    void Revoke(LockedUser target) =>
        revocations.Add(context, RevocationKind.User, target.Id.ToString(CultureInfo.InvariantCulture), target.Epoch + 1);

    enum Outcome
    {
        Unchanged,
        Changed,
        LastAdmin,
    }

    sealed record LockedUser(long Id, short Role, bool Status, int Epoch, long Version)
    {
        public bool IsAdmin => Role == (short)UserRole.Admin;
    }
}
