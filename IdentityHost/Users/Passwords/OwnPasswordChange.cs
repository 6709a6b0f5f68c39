using System.Globalization;
using IdentityHost.Audit;
using IdentityHost.Data;
using IdentityHost.Data.Entities;
using IdentityHost.Mail;
using IdentityHost.Revocation;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace IdentityHost.Users.Passwords;

/// <summary>A new password for the one that was just proved.</summary>
/// <param name="ProvedHash">What the proof was against.</param>
/// <param name="NewHash">What shall stand instead.</param>
/// <param name="KeptSession">Where it is changed from, which stays signed in.</param>
internal sealed record PasswordReplacement(string ProvedHash, string NewHash, Guid? KeptSession)
{
    /// <summary>Without the hashes.</summary>
    public override string ToString() => "password replacement";
}

/// <summary>
/// Somebody who is signed in changes their password: every other session ends, with its grants and tokens, and this one goes on. So the epoch, which
/// would end this one too, stays, and what stands for it is the security stamp: a sign-in that is under way with the old password does not
/// begin a session any more.
/// </summary>
internal sealed class OwnPasswordChange(Revocations revocations, IOptions<RevocationOptions> revocation, MailTemplates templates, MailRoute mail)
{
    const string NoticePath = "/forgot-password";

    /// <summary>Writes it, within a transaction that has locked the person's row before: sessions that begin wait for it, or are seen here.</summary>
    /// <returns>False if the password is another by now.</returns>
    public async Task<bool> WriteAsync(HostDbContext context, long userId, PasswordReplacement change, CancellationToken cancellationToken)
    {
        var changed = await context.Database.ExecuteSqlAsync(
            $"""
            UPDATE users SET password_hash = {change.NewHash}, password_origin = {(short)PasswordOrigin.User}, must_change_password = false,
                password_expires_at = NULL, security_stamp = gen_random_uuid()::text, version = version + 1, updated_at = identity_now()
            WHERE id = {userId} AND password_hash = {change.ProvedHash}
            """,
            cancellationToken);
        if (changed == 0)
            return false;
        await context.Database.ExecuteSqlAsync(
            $"""
            UPDATE account_tokens SET used_at = identity_now()
            WHERE user_id = {userId} AND purpose = {(short)AccountTokenPurpose.ResetPassword} AND used_at IS NULL
            """,
            cancellationToken);
        // Only a session that gave out a token lately has one to revoke; one whose refresh tokens stay notes its last use a grace too early.
        var recent = revocation.Value.Keep * 2;
        var ended = await context.Database.SqlQuery<Guid>(
            $"""
            WITH ended AS (
                UPDATE sessions SET ended_at = identity_now() WHERE user_id = {userId} AND ended_at IS NULL AND id <> {change.KeptSession ?? Guid.Empty}
                RETURNING id),
            grants_ended AS (
                UPDATE grants SET ended_at = identity_now() FROM ended WHERE grants.session_id = ended.id AND grants.ended_at IS NULL
                RETURNING grants.session_id, grants.rotated_at)
            SELECT DISTINCT session_id AS "Value" FROM grants_ended WHERE rotated_at > identity_now() - {recent}
            """).ToListAsync(cancellationToken);
        await LogoutOutbox.AddEndedAsync(context, userId, cancellationToken);
        foreach (var session in ended)
            revocations.Add(context, RevocationKind.Session, session.ToString("N"));
        var email = await context.Users.Where(u => u.Id == userId).Select(u => u.Email).FirstAsync(cancellationToken);
        if (email is not null && mail.Exists)
            context.AddMail(email, templates.Render(MailKind.PasswordChanged, NoticePath, CultureInfo.CurrentUICulture));
        return true;
    }
}
