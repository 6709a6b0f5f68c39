using System.Globalization;
using IdentityHost.Audit;
using IdentityHost.Data;
using IdentityHost.Data.Entities;
using IdentityHost.Mail;
using IdentityHost.Revocation;
using Microsoft.Extensions.Options;
using Npgsql;

namespace IdentityHost.Users.Passwords;

/// <summary>Who changes a password, for the audit.</summary>
/// <param name="ClientId">The application it was done through; null for a page.</param>
/// <param name="Address">Where they are.</param>
internal readonly record struct PasswordChangeOrigin(string? ClientId, string Address);

/// <summary>
/// The statements that give somebody a new password. With the row that is changed goes everything that hangs on the old one: sessions, grants,
/// tokens, links to choose a password by. The person is told by mail.
/// </summary>
internal sealed class PasswordChanges(Revocations revocations, IOptions<RevocationOptions> revocation, MailTemplates templates, MailRoute mail)
{
    const string NoticePath = "/forgot-password";

    static readonly string Assignments =
        $"""
        password_hash = $1, password_origin = {(short)PasswordOrigin.User}, must_change_password = false, password_expires_at = NULL,
        security_stamp = gen_random_uuid()::text, epoch = epoch + 1, version = version + 1, updated_at = identity_now()
        """;

    // Conditional on the hash that was just proved, and everything that follows hangs on the row that was changed: of two changes at once the
    // second finds nothing, ends nobody's session, revokes nothing and tells the audit nothing.
    static readonly string ByPasswordSql = Statement(
        $"""
        changed AS (
            UPDATE users SET {Assignments} WHERE id = $9 AND password_hash = $10 AND epoch = $11 RETURNING id, epoch, email),
        links AS (
            UPDATE account_tokens SET used_at = identity_now() FROM changed
            WHERE user_id = changed.id AND purpose = {(short)AccountTokenPurpose.ResetPassword} AND used_at IS NULL)
        """);

    // The link is used up by the statement that does what it is for. It was mailed to the address that the account must still have, and so proves
    // it; somebody who asked for another address meanwhile may have been a thief.
    static readonly string ByLinkSql = Statement(
        $"""
        link AS (
            UPDATE account_tokens SET used_at = identity_now() WHERE key = $9 AND used_at IS NULL AND expires_at > identity_now()
            RETURNING user_id, email),
        changed AS (
            UPDATE users SET {Assignments}, email_confirmed = true, pending_email = NULL FROM link
            WHERE users.id = link.user_id AND users.email = link.email AND users.status RETURNING users.id, users.epoch, users.email),
        links AS (
            UPDATE account_tokens SET used_at = identity_now() FROM changed
            WHERE user_id = changed.id AND purpose = {(short)AccountTokenPurpose.ResetPassword} AND used_at IS NULL AND key <> $9)
        """);

    /// <summary>For somebody who has just proved the password they have.</summary>
    public void AddByPassword(WriteBatch batch, long userId, string provedHash, int epoch, string newHash, PasswordChangeOrigin origin)
    {
        Add(batch, ByPasswordSql, newHash, origin, Sql.Value(userId), Sql.Value(provedHash), Sql.Value(epoch));
        LogoutOutbox.AddEnded(batch, userId);
    }

    /// <summary>For somebody who holds a link to choose one by.</summary>
    public void AddByLink(WriteBatch batch, byte[] linkKey, string newHash, PasswordChangeOrigin origin)
    {
        Add(batch, ByLinkSql, newHash, origin, Sql.Value(linkKey));
        LogoutOutbox.AddEndedByLink(batch, linkKey);
    }

    void Add(WriteBatch batch, string sql, string newHash, PasswordChangeOrigin origin, params NpgsqlParameter[] condition)
    {
        var notice = templates.Render(MailKind.PasswordChanged, NoticePath, CultureInfo.CurrentUICulture);
        batch.Add(
            sql,
            [
                Sql.Value(newHash),
                Sql.Value(revocation.Value.Keep),
                Sql.Optional(origin.ClientId),
                Sql.Value(origin.Address),
                .. Outbox.Parameters(notice),
                Sql.Value(mail.Exists),
                .. condition,
            ]);
        revocations.PublishWith(batch);
    }

    static string Statement(string changed) =>
        $"""
        WITH {changed},
        ended AS (
            UPDATE sessions SET ended_at = identity_now() FROM changed
            WHERE sessions.user_id = changed.id AND sessions.ended_at IS NULL RETURNING sessions.id),
        grants_ended AS (
            UPDATE grants SET ended_at = identity_now() FROM ended WHERE grants.session_id = ended.id AND grants.ended_at IS NULL),
        revoked AS (
            {Revocations.InsertInto}
            SELECT {(short)RevocationKind.User}, id::text, epoch, identity_now() + $2 FROM changed),
        mailed AS (
            {Outbox.InsertInto} SELECT email, $5, $6, $7, 0, identity_now(), identity_now() FROM changed WHERE email IS NOT NULL AND $8)
        {AuditLog.InsertInto} SELECT '{AuditKinds.PasswordChanged}', id, id, $3, $4, NULL FROM changed
        """;
}
