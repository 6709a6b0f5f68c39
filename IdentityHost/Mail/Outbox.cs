using IdentityHost.Data;
using IdentityHost.Data.Entities;
using Npgsql;

namespace IdentityHost.Mail;

/// <summary>The one writer of the table <c>mail</c>. Both forms write in the transaction of the cause: no mail for what did not happen, none lost.</summary>
internal static class Outbox
{
    /// <summary>
    /// The head of the statement, for those who write a mail within a larger one: what follows gives these columns in order, the last two as
    /// <c>identity_now()</c>.
    /// </summary>
    public const string InsertInto = """INSERT INTO mail ("to", subject, text, html, attempts, created_at, next_attempt_at) """;

    /// <summary>Subject, text and HTML, as the parameters that <see cref="InsertInto"/> takes after the address.</summary>
    public static NpgsqlParameter[] Parameters(MailContent content) =>
        [Sql.Value(OneLine(content.Subject)), Sql.Value(content.Text), Sql.Value(content.Html)];

    /// <summary>Adds the mail to what the context saves next.</summary>
    public static void AddMail(this HostDbContext context, string to, MailContent content) => context.Mail.Add(new MailMessage
    {
        To = OneLine(to),
        Subject = OneLine(content.Subject),
        Text = content.Text,
        Html = content.Html,
    });

    /// <summary>A line break would end the header and begin another of somebody's choosing (RFC 5322 §2.2).</summary>
    static string OneLine(string header) => header.Any(char.IsControl)
        ? throw new InvalidOperationException("A mail's subject and address are one line each.")
        : header;
}
