using System.Collections.Immutable;
using IdentityHost.Data;
using Microsoft.Extensions.Options;
using Npgsql;

namespace IdentityHost.Mail;

/// <summary>A mail that is this node's to send now.</summary>
internal sealed record OutgoingMail(long Id, string To, string Subject, string Text, string Html, int Attempt, DateTime CreatedAt)
{
    /// <summary>Without the bodies: they hold links that work.</summary>
    public override string ToString() => $"mail {Id}";
}

/// <summary>
/// Empties the outbox. A mail is taken by one statement that puts its next try behind a lease, so that no two nodes send it and one whose node
/// dies is sent by another; nothing stays locked while a server thinks. Each has its own connection and time limit: a slow one holds up no other.
/// </summary>
internal sealed partial class MailDelivery(
    NpgsqlDataSource database, SmtpSender sender, IOptions<SmtpOptions> options, IHostApplicationLifetime lifetime, ILogger<MailDelivery> logger)
{
    /// <summary>Mails in the hands of servers at one time.</summary>
    const int AtOnce = 10;

    /// <summary>Longer than sending may take.</summary>
    static readonly TimeSpan Lease = TimeSpan.FromMinutes(2);

    static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    /// <summary>After the first failure, the second, …; after the last, a day after the first, it is given up.</summary>
    static readonly ImmutableArray<TimeSpan> Waits =
    [
        TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(30), TimeSpan.FromHours(2),
        TimeSpan.FromHours(6), TimeSpan.FromHours(15),
    ];

    // The order is that of the index, which holds only what is not sent.
    const string TakeSql =
        """
        UPDATE mail SET next_attempt_at = identity_now() + $1, attempts = attempts + 1
        WHERE id = ANY (ARRAY(
            SELECT id FROM mail WHERE sent_at IS NULL AND next_attempt_at <= identity_now() ORDER BY next_attempt_at LIMIT $2 FOR UPDATE SKIP LOCKED))
        RETURNING id, "to", subject, text, html, attempts, created_at
        """;

    const string SentSql = "UPDATE mail SET sent_at = identity_now(), text = '', html = '', last_error = NULL WHERE id = $1";
    const string AgainSql = "UPDATE mail SET next_attempt_at = identity_now() + $2, last_error = $3 WHERE id = $1 AND sent_at IS NULL";

    // Never due again; the links are not needed any more.
    const string GiveUpSql = "UPDATE mail SET next_attempt_at = 'infinity', text = '', html = '', last_error = $2 WHERE id = $1 AND sent_at IS NULL";

    /// <summary>Sends what is due, and what becomes due meanwhile. Without a server it does nothing.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (!options.Value.IsSet)
            return;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lifetime.ApplicationStopping);
        var running = new List<Task>();
        try
        {
            while (true)
            {
                running.RemoveAll(task => task.IsCompleted);
                if (running.Count < AtOnce)
                {
                    foreach (var mail in await TakeAsync(AtOnce - running.Count, stop.Token))
                        running.Add(DeliverAsync(mail, stop.Token));
                }
                if (running.Count == 0)
                    return;
                await Task.WhenAny([.. running, Task.Delay(Look, stop.Token)]);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The node stops; what is not sent yet is another's.
        }
        finally
        {
            await Task.WhenAll(running);
        }
    }

    async Task<List<OutgoingMail>> TakeAsync(int count, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(TakeSql);
        command.Parameters.Add(Sql.Value(Lease));
        command.Parameters.Add(Sql.Value(count));
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        List<OutgoingMail> mails = [];
        while (await row.ReadAsync(cancellationToken))
        {
            mails.Add(new OutgoingMail(
                row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetString(4), row.GetInt32(5), row.GetDateTime(6)));
        }
        return mails;
    }

    async Task DeliverAsync(OutgoingMail mail, CancellationToken cancellationToken)
    {
        try
        {
            var result = await sender.SendAsync(mail, cancellationToken);
            if (result.Error is null)
                await ExecuteAsync(SentSql, Sql.Value(mail.Id));
            else if (result.IsFinal || mail.Attempt > Waits.Length)
                await GiveUpAsync(mail, result.Error);
            else
                await AgainAsync(mail, Waits[mail.Attempt - 1], result.Error);
        }
        catch (OperationCanceledException)
        {
            // The node stops. The lease runs out, and another one sends it.
        }
        catch (Exception e)
        {
            // Whatever happened to one mail, the others go on; this one is due again when its lease has run out.
            Broken(logger, e, mail.Id);
        }
    }

    async Task AgainAsync(OutgoingMail mail, TimeSpan wait, string error)
    {
        Failed(logger, mail.Id, mail.Attempt, Told(error), wait);
        await ExecuteAsync(AgainSql, Sql.Value(mail.Id), Sql.Value(wait), Sql.Value(Told(error)));
    }

    async Task GiveUpAsync(OutgoingMail mail, string error)
    {
        GivenUp(logger, mail.Id, mail.Attempt, Told(error));
        await ExecuteAsync(GiveUpSql, Sql.Value(mail.Id), Sql.Value(Told(error)));
    }

    async Task ExecuteAsync(string sql, params NpgsqlParameter[] parameters)
    {
        await using var command = database.CreateCommand(sql);
        command.Parameters.AddRange(parameters);
        // The server has spoken: not recording it would send the mail twice.
        await command.ExecuteNonQueryAsync(CancellationToken.None);
    }

    /// <summary>What a server says goes into the log and a column: one line, and not too long.</summary>
    static string Told(string error) => new([.. error.Select(c => char.IsControl(c) ? ' ' : c).Take(500)]);

    [LoggerMessage(4000, LogLevel.Warning, "Mail {Id} was not taken at try {Attempt} ({Error}); trying again in {Wait}")]
    static partial void Failed(ILogger logger, long id, int attempt, string error, TimeSpan wait);

    [LoggerMessage(4001, LogLevel.Error, "Mail {Id} is given up after try {Attempt}: {Error}")]
    static partial void GivenUp(ILogger logger, long id, int attempt, string error);

    [LoggerMessage(4002, LogLevel.Error, "Mail {Id} could not be delivered or recorded")]
    static partial void Broken(ILogger logger, Exception exception, long id);
}
