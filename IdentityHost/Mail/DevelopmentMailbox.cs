using IdentityHost.Data;
using Npgsql;

namespace IdentityHost.Mail;

/// <summary>A mail as the development page shows it.</summary>
internal sealed record KeptMail(long Id, string To, string Subject, string Text, DateTime CreatedAt, bool Sent);

/// <summary>What is in the outbox, for <c>/dev/mail</c>. Development only: it holds links that open accounts.</summary>
internal sealed class DevelopmentMailbox(NpgsqlDataSource database, IHostEnvironment environment)
{
    const string NewestSql =
        """SELECT id, "to", subject, text, created_at, sent_at IS NOT NULL FROM mail ORDER BY created_at DESC, id DESC LIMIT 50""";

    /// <summary>The newest first; null outside Development.</summary>
    public async Task<IReadOnlyList<KeptMail>?> NewestAsync(CancellationToken cancellationToken)
    {
        if (!environment.IsDevelopment())
            return null;
        await using var command = database.CreateCommand(NewestSql);
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        List<KeptMail> mails = [];
        while (await row.ReadAsync(cancellationToken))
            mails.Add(new KeptMail(row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetDateTime(4), row.GetBoolean(5)));
        return mails;
    }
}
