using System.Globalization;
using IdentityHost.Audit;
using IdentityHost.Data;
using IdentityHost.Data.Entities;
using IdentityHost.Mail;
using Npgsql;

namespace IdentityHost.Users.Links;

/// <summary>
/// A person asks for another address. It takes effect when somebody who reads it says so (<see cref="EmailConfirmation"/>); the address they have is
/// told, so that whoever is being robbed of the account hears of it in time.
/// </summary>
internal sealed class EmailChange(NpgsqlDataSource database, MailTemplates templates)
{
    const string NoticePath = "/forgot-password";

    // Whether the address is somebody else's is not asked here, or the answer would tell: only who reads its mail gets to know. Links of purpose 0
    // live a day, so those of the last hour are found by the index on when they expire.
    const string AskSql =
        $"""
        WITH person AS (
            UPDATE users u SET pending_email = $3, version = version + 1, updated_at = identity_now()
            WHERE u.id = $1 AND u.epoch = $4 AND u.status AND {LinkMail.UnderLimit}
              AND (SELECT count(*) FROM account_tokens t
                   WHERE t.expires_at > identity_now() + interval '23 hours' AND t.purpose = $2 AND t.email = $3) < 3
            RETURNING u.id, u.email),
        link AS (
            INSERT INTO account_tokens (key, purpose, user_id, email, created_at, expires_at)
            SELECT $5, $2, id, $3, identity_now(), identity_now() + $6 FROM person),
        mailed AS ({Outbox.InsertInto} SELECT $3, $7, $8, $9, 0, identity_now(), identity_now() FROM person),
        told AS ({Outbox.InsertInto} SELECT email, $10, $11, $12, 0, identity_now(), identity_now() FROM person WHERE email IS NOT NULL)
        {AuditLog.InsertInto} SELECT '{AuditKinds.EmailChangeAsked}', id, id, NULL, $13, NULL FROM person
        """;

    /// <param name="userId">Whose.</param>
    /// <param name="username">To name the account to the new address.</param>
    /// <param name="epoch">The one under which they have just proved who they are: a change of password in between undoes this.</param>
    /// <param name="email">The new address, canonical.</param>
    /// <param name="address">Where they are.</param>
    /// <returns>False if too many mails were asked for, or the account is another by now.</returns>
    public async Task<bool> AskAsync(long userId, string username, int epoch, string email, string address) =>
        await Ask(userId, username, epoch, email, address).ExecuteAsync(database, CancellationToken.None) > 0;

    /// <summary>The same together with other changes, in a transaction that has locked the person's row.</summary>
    /// <inheritdoc cref="AskAsync(long, string, int, string, string)"/>
    public async Task<bool> AskAsync(
        NpgsqlTransaction transaction, long userId, string username, int epoch, string email, string address, CancellationToken cancellationToken) =>
        await Ask(userId, username, epoch, email, address).ExecuteAsync(transaction, cancellationToken) > 0;

    WriteBatch Ask(long userId, string username, int epoch, string email, string address)
    {
        var link = AccountLink.New(AccountTokenPurpose.ConfirmEmail);
        var language = CultureInfo.CurrentUICulture;
        var batch = new WriteBatch();
        LinkMail.AddLock(batch, $"user\n{userId.ToString(CultureInfo.InvariantCulture)}");
        LinkMail.AddLock(batch, $"{AccountTokenPurpose.ConfirmEmail}\n{email}");
        batch.Add(
            AskSql,
            [
                Sql.Value(userId),
                Sql.Value((short)AccountTokenPurpose.ConfirmEmail),
                Sql.Value(email),
                Sql.Value(epoch),
                Sql.Value(link.Key),
                Sql.Value(AccountLink.ConfirmLifetime),
                .. Outbox.Parameters(templates.Render(MailKind.ConfirmNewEmail, link.Path, language, username)),
                .. Outbox.Parameters(templates.Render(MailKind.EmailChanging, NoticePath, language, email)),
                Sql.Value(address),
            ]);
        return batch;
    }
}
