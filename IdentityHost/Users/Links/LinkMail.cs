using System.Globalization;
using IdentityHost.Audit;
using IdentityHost.Data;
using IdentityHost.Data.Entities;
using IdentityHost.Limits;
using IdentityHost.Mail;
using Microsoft.AspNetCore.Identity;
using Npgsql;

namespace IdentityHost.Users.Links;

/// <summary>
/// Mails links to the addresses of accounts. Whether there is such an account cannot be seen from outside: every question runs the same
/// statements and commits something, and nobody is told how many rows it was.
/// </summary>
internal sealed class LinkMail(NpgsqlDataSource database, MailTemplates templates, MailRoute route, ILookupNormalizer normalizer, AnonymousLimits limits, TimeProvider clock)
{
    /// <summary>
    /// Whoever knows an address must not be able to fill its mailbox: three mails an hour for each purpose. For a statement with an account
    /// <c>u</c> and the purpose as $2; exact, because whoever asks holds <see cref="AddLock"/>.
    /// </summary>
    public const string UnderLimit =
        "(SELECT count(*) FROM account_tokens t WHERE t.user_id = u.id AND t.purpose = $2 AND t.created_at > identity_now() - interval '1 hour') < 3";

    // Confirming what is confirmed already needs no mail. The audit is written either way, so that both commit.
    const string SendSql =
        $"""
        WITH person AS (
            SELECT u.id, u.email FROM users u
            WHERE u.normalized_email = $1 AND u.status AND ($2 <> 0 OR NOT u.email_confirmed) AND {UnderLimit}),
        link AS (
            INSERT INTO account_tokens (key, purpose, user_id, email, created_at, expires_at)
            SELECT $3, $2, id, email, identity_now(), identity_now() + $4 FROM person RETURNING user_id, email),
        mailed AS ({Outbox.InsertInto} SELECT email, $5, $6, $7, 0, identity_now(), identity_now() FROM link)
        {AuditLog.InsertInto} SELECT $8, NULL, link.user_id, NULL, $9, NULL FROM (SELECT) one LEFT JOIN link ON true
        """;

    /// <summary>Whether any mail leaves this host.</summary>
    public bool IsPossible => route.Exists;

    /// <summary>Mails a link to choose a new password by, if there is an account that may have one.</summary>
    /// <returns>Null, whatever came of it; or how long nobody at this address is sent any more.</returns>
    public Task<TimeSpan?> AskResetAsync(string email, string address) =>
        AskAsync(AccountTokenPurpose.ResetPassword, MailKind.ResetPassword, AuditKinds.PasswordResetAsked, email, address);

    /// <summary>Mails the link to confirm the address once more, if there is an account that still has to.</summary>
    /// <returns>As <see cref="AskResetAsync"/>.</returns>
    public Task<TimeSpan?> AskConfirmationAsync(string email, string address) =>
        AskAsync(AccountTokenPurpose.ConfirmEmail, MailKind.ConfirmEmail, AuditKinds.EmailConfirmationAsked, email, address);

    /// <summary>Tells the owner of an address that somebody registered with it; the page that was used must not.</summary>
    public Task TellTakenAsync(string email, string address) =>
        SendAsync(AccountTokenPurpose.ResetPassword, MailKind.AddressTaken, AuditKinds.RegisteredAgain, email, address);

    /// <summary>Adds to what the context saves next: the link by which a new person confirms their address.</summary>
    public void AddConfirmation(HostDbContext context, User user)
    {
        if (user.Email is not { } email || !IsPossible)
            return;
        var link = AccountLink.New(AccountTokenPurpose.ConfirmEmail);
        context.AccountTokens.Add(new AccountToken
        {
            Key = link.Key,
            Purpose = AccountTokenPurpose.ConfirmEmail,
            UserId = user.Id,
            Email = email,
            ExpiresAt = clock.GetUtcNow() + AccountLink.ConfirmLifetime,
        });
        context.AddMail(email, templates.Render(MailKind.ConfirmEmail, link.Path, CultureInfo.CurrentUICulture));
    }

    /// <summary>Makes those who ask about one thing wait for one another, so that each sees what the one before has written.</summary>
    public static void AddLock(WriteBatch batch, string thing) =>
        batch.AddRead("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", static _ => { }, Sql.Value("account-mail\n" + thing));

    async Task<TimeSpan?> AskAsync(AccountTokenPurpose purpose, MailKind kind, string auditKind, string email, string address)
    {
        if (await limits.AskMailAsync(address, CancellationToken.None) is { } wait)
            return wait;
        await SendAsync(purpose, kind, auditKind, email, address);
        return null;
    }

    async Task SendAsync(AccountTokenPurpose purpose, MailKind kind, string auditKind, string email, string address)
    {
        if (!IsPossible)
            return;
        // What is no address is nobody's, and costs the same.
        var normalized = normalizer.NormalizeEmail(EmailAddress.Canonical(email) ?? "");
        var link = AccountLink.New(purpose);
        var batch = new WriteBatch();
        AddLock(batch, $"{purpose}\n{normalized}");
        batch.Add(
            SendSql,
            [
                Sql.Value(normalized),
                Sql.Value((short)purpose),
                Sql.Value(link.Key),
                Sql.Value(AccountLink.LifetimeOf(purpose)),
                .. Outbox.Parameters(templates.Render(kind, link.Path, CultureInfo.CurrentUICulture)),
                Sql.Value(auditKind),
                Sql.Value(address),
            ]);
        // Begun is finished: whoever hangs up must not tell a known address from an unknown one by what is left behind.
        await batch.ExecuteAsync(database, CancellationToken.None);
    }
}
