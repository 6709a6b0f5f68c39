using System.Globalization;
using IdentityHost.Audit;
using IdentityHost.Data;
using IdentityHost.Data.Entities;
using IdentityHost.Mail;
using IdentityHost.Revocation;
using IdentityHost.Users.Api;
using Microsoft.EntityFrameworkCore;

namespace IdentityHost.Users.Passwords;

/// <summary>
/// Gives somebody a password of the system's making in place of theirs: whoever knew the old one, or signed in with it, is out. The person is told by
/// mail, and must choose their own when they next sign in.
/// </summary>
internal sealed class PasswordIssue(
    HostDbContext context,
    AccountTransaction transaction,
    Revocations revocations,
    InitialPassword initial,
    PasswordHashing hashing,
    UserReads users,
    MailTemplates templates,
    MailRoute mail)
{
    const string NoticePath = "/forgot-password";

    /// <param name="id">Whom.</param>
    /// <param name="actor">An admin, or a client that may manage users.</param>
    /// <param name="condition">The version the actor has seen, if they sent one.</param>
    /// <param name="cancellationToken">Ends it unless it has committed.</param>
    /// <returns>The password, which nobody can ask for again; or <c>user_not_found</c>, <c>precondition_failed</c>, <c>admin_required</c>.</returns>
    /// <exception cref="HashingQueueFullException">Too many passwords wait to be hashed.</exception>
    public async Task<(string? Password, ApiError? Error)> IssueAsync(long id, Actor actor, VersionCondition condition, CancellationToken cancellationToken)
    {
        if (await users.FindAsync(id, cancellationToken) is not { } user)
            return (null, ApiErrors.UserNotFound);
        var password = initial.Own(user.Username, user.Email);
        // Before anything is locked: no row may wait for a hash.
        var hash = await hashing.HashAsync(password, cancellationToken);
        var refusal = await transaction.RunAsync(id, actor, ownToo: false, condition, async target =>
        {
            await ReplaceAsync(id, hash, cancellationToken);
            // Of somebody who is disabled applications were told when that was done.
            if (target.Status)
                await LogoutOutbox.AddEndedAsync(context, id, cancellationToken);
            revocations.Add(context, RevocationKind.User, id.ToString(CultureInfo.InvariantCulture), target.Epoch + 1);
            transaction.Tell(AuditKinds.PasswordGenerated, id, actor);
            if (user.Email is { } email && mail.Exists)
                context.AddMail(email, templates.Render(MailKind.PasswordChanged, NoticePath, CultureInfo.CurrentUICulture));
            return null;
        }, cancellationToken);
        return refusal is null ? (password, null) : (null, refusal);
    }

    /// <summary>Links to choose a password by, and a change of address that waits, may be the work of whom this shuts out.</summary>
    async Task ReplaceAsync(long id, string hash, CancellationToken cancellationToken)
    {
        await context.Database.ExecuteSqlAsync(
            $"""
            UPDATE users SET password_hash = {hash}, password_origin = {(short)PasswordOrigin.System}, must_change_password = true,
                password_expires_at = identity_now() + {GeneratedPassword.Lifetime}, security_stamp = gen_random_uuid()::text, pending_email = NULL,
                epoch = epoch + 1, version = version + 1, updated_at = identity_now() WHERE id = {id};
            UPDATE account_tokens SET used_at = identity_now()
            WHERE user_id = {id} AND purpose = {(short)AccountTokenPurpose.ResetPassword} AND used_at IS NULL
            """,
            cancellationToken);
        await transaction.EndSignInsAsync(id, cancellationToken);
    }
}
