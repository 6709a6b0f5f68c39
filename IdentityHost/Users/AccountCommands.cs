using System.Globalization;
using IdentityHost.Audit;
using IdentityHost.Data;
using IdentityHost.Data.Entities;
using IdentityHost.Revocation;
using IdentityHost.Users.Api;
using IdentityHost.Users.Pictures;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace IdentityHost.Users;

/// <summary>What those who manage users change of somebody's account in one go.</summary>
internal sealed record OthersChange
{
    public ProfileChange Profile { get; init; } = new();

    /// <summary>The new role; null leaves it.</summary>
    public UserRole? Role { get; init; }

    public bool WithoutPicture { get; init; }
}

/// <summary>
/// Disabling, enabling, changing and deleting accounts. Each is one <see cref="AccountTransaction"/>: what it changes, whom it signs out, and what
/// the audit says of it stand together or not at all.
/// </summary>
internal sealed class AccountCommands(HostDbContext context, AccountTransaction transaction, Revocations revocations)
{
    /// <summary>Whatever takes an active admin away holds this advisory lock until it commits: "AdminLck" in ASCII.</summary>
    const long AdminLock = 0x41646D696E4C636B;

    /// <summary>
    /// Refuses the person's sign-in and kills every session, grant and token of theirs. Doing it twice changes nothing. One row is written, however
    /// many there are: whatever uses a session or grant asks for the status of its person, and <see cref="EnableAsync"/> ends them before that
    /// changes.
    /// </summary>
    /// <param name="id">Whom.</param>
    /// <param name="actor">An admin, or a client that may manage users.</param>
    /// <param name="condition">The version the actor has seen, if they sent one.</param>
    /// <param name="cancellationToken">Ends it unless it has committed.</param>
    /// <returns>Null when done; <c>user_not_found</c>, <c>last_admin</c>, <c>precondition_failed</c> or <c>admin_required</c>.</returns>
    public Task<ApiError?> DisableAsync(long id, Actor actor, VersionCondition condition, CancellationToken cancellationToken) =>
        transaction.RunAsync(id, actor, ownToo: false, condition, async target =>
        {
            if (!target.Status)
                return null;
            if (await IsLastAdminAsync(target, cancellationToken))
                return ApiErrors.LastAdmin;
            await LogoutOutbox.AddLiveAsync(context, id, cancellationToken);
            await context.Database.ExecuteSqlAsync(
                $"UPDATE users SET status = false, epoch = epoch + 1, version = version + 1, updated_at = identity_now() WHERE id = {id}",
                cancellationToken);
            Revoke(RevocationKind.User, target);
            transaction.Tell(AuditKinds.UserDisabled, id, actor);
            return null;
        }, cancellationToken);

    /// <summary>Lets the person sign in again; what was revoked stays revoked.</summary>
    /// <returns>As <see cref="DisableAsync"/>, without <c>last_admin</c>.</returns>
    public Task<ApiError?> EnableAsync(long id, Actor actor, VersionCondition condition, CancellationToken cancellationToken) =>
        transaction.RunAsync(id, actor, ownToo: false, condition, async target =>
        {
            if (target.Status)
                return null;
            // Nothing can have begun since the person was disabled.
            await transaction.EndSignInsAsync(id, cancellationToken);
            await context.Database.ExecuteSqlAsync(
                $"UPDATE users SET status = true, version = version + 1, updated_at = identity_now() WHERE id = {id}", cancellationToken);
            transaction.Tell(AuditKinds.UserEnabled, id, actor);
            return null;
        }, cancellationToken);

    /// <summary>
    /// Changes the profile, the role and the picture, all or nothing. A new role kills the person's access tokens, which speak of the old one; sessions
    /// and grants go on, and the next refresh gives what the new role allows.
    /// </summary>
    /// <param name="id">Whom.</param>
    /// <param name="change">What the account shall say; it has been checked.</param>
    /// <param name="actor">An admin, or a client that may manage users.</param>
    /// <param name="condition">The version the actor has seen, if they sent one.</param>
    /// <param name="cancellationToken">Ends it unless it has committed.</param>
    /// <returns>As <see cref="DisableAsync"/>; also <c>username_taken</c> and <c>email_taken</c>.</returns>
    public Task<ApiError?> ChangeAsync(long id, OthersChange change, Actor actor, VersionCondition condition, CancellationToken cancellationToken) =>
        transaction.RunAsync(id, actor, ownToo: false, condition, async target =>
        {
            if (change.WithoutPicture && await PictureStore.WriteAsync(context, id, null, cancellationToken) > 0)
            {
                await context.Database.ExecuteSqlAsync($"UPDATE users SET version = version + 1, updated_at = identity_now() WHERE id = {id}", cancellationToken);
                transaction.Tell(AuditKinds.PictureRemoved, id, actor);
            }
            if (!change.Profile.IsEmpty)
            {
                try
                {
                    await change.Profile.WriteAsync(context, id, cancellationToken);
                }
                catch (PostgresException e) when (Accounts.Taken(e) is { } taken)
                {
                    return taken;
                }
                transaction.Tell(AuditKinds.UserUpdated, id, actor);
            }
            return change.Role is { } wanted ? await ChangeRoleAsync(target, wanted, actor, cancellationToken) : null;
        }, cancellationToken);

    /// <summary>Removes the account with its logins, sessions and grants (the database cascades). The audit keeps the id only.</summary>
    /// <param name="id">Whom.</param>
    /// <param name="actor">The person themself, an admin, or a client that may manage users.</param>
    /// <param name="condition">The version the actor has seen, if they sent one.</param>
    /// <param name="cancellationToken">Ends it unless it has committed.</param>
    /// <returns>As <see cref="DisableAsync"/>.</returns>
    public Task<ApiError?> DeleteAsync(long id, Actor actor, VersionCondition condition, CancellationToken cancellationToken) =>
        transaction.RunAsync(id, actor, ownToo: true, condition, async target =>
        {
            if (await IsLastAdminAsync(target, cancellationToken))
                return ApiErrors.LastAdmin;
            // Of one who is disabled they have been told.
            if (target.Status)
                await LogoutOutbox.AddLiveAsync(context, id, cancellationToken);
            await context.Database.ExecuteSqlAsync($"DELETE FROM users WHERE id = {id}", cancellationToken);
            Revoke(RevocationKind.User, target);
            transaction.Tell(AuditKinds.UserDeleted, id, actor);
            return null;
        }, cancellationToken);

    async Task<ApiError?> ChangeRoleAsync(LockedUser target, UserRole role, Actor actor, CancellationToken cancellationToken)
    {
        if (target.Role == (short)role)
            return null;
        if (await IsLastAdminAsync(target, cancellationToken))
            return ApiErrors.LastAdmin;
        await context.Database.ExecuteSqlAsync(
            $"UPDATE users SET role = {(short)role}, epoch = epoch + 1, version = version + 1, updated_at = identity_now() WHERE id = {target.Id}",
            cancellationToken);
        Revoke(RevocationKind.UserAccess, target);
        transaction.Tell(AuditKinds.RoleChanged, target.Id, actor, UserRoles.NameOf(role));
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

    void Revoke(RevocationKind kind, LockedUser target) =>
        revocations.Add(context, kind, target.Id.ToString(CultureInfo.InvariantCulture), target.Epoch + 1);
}
