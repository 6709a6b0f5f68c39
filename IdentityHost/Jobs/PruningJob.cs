using System.Collections.Immutable;
using IdentityHost.Data;
using IdentityHost.Limits;
using IdentityHost.Protocol.Registration;
using IdentityHost.Revocation;
using IdentityHost.SignIn;
using Microsoft.Extensions.Options;
using Npgsql;
using Quartz;

namespace IdentityHost.Jobs;

/// <summary>
/// Deletes rows that can decide nothing any more: revocations whose tokens have expired, grants and sessions that have ended or run out,
/// links that were mailed, old mail, unused registrations, and forgotten attempts and failures. In small batches, each its own transaction, so that it never holds many rows
/// and can be stopped at any time.
/// </summary>
[DisallowConcurrentExecution]
internal sealed partial class PruningJob(
    NpgsqlDataSource database, IOptions<SignInLimits> signIn, IOptions<RateLimits> limits, IOptions<RevocationOptions> revocation, ILogger<PruningJob> logger) : IJob
{
    const int Batch = 1000;

    // Ended grants are kept a day, so that the account page and the audit can still name them. Grants go before the sessions that they hang on.
    static readonly ImmutableArray<(string Table, string Sql)> Statements =
    [
        ("revocations", Delete("revocations", "expires_at < identity_now()")),
        ("grants", Delete("grants", "expires_at < identity_now() OR ended_at < identity_now() - interval '1 day'")),
        ("authorization_requests", Delete("authorization_requests", "expires_at < identity_now()")),
        // Used ones are kept a day beyond, to know a replay by.
        ("authorization_codes", Delete("authorization_codes", "expires_at < identity_now() - interval '1 day'")),
        ("logout_messages", Delete("logout_messages", "created_at < identity_now() - interval '7 days'")),
        ("idempotency_keys", Delete("idempotency_keys", "expires_at < identity_now()")),
        ("handoffs", Delete("handoffs", "expires_at < identity_now()")),
        ("used_states", Delete("used_states", "expires_at < identity_now()")),
        ("used_assertions", Delete("used_assertions", "expires_at < identity_now()")),
        ("sessions", Delete("sessions", "expires_at < identity_now() OR ended_at < identity_now() - interval '1 day'")),
        // A link of an hour still counts against the mails of its hour; none lives longer than it counts.
        ("account_tokens", Delete("account_tokens", "expires_at < identity_now()")),
        // Sent, given up, or kept for the page of Development.
        ("mail", Delete("mail", "created_at < identity_now() - interval '7 days'")),
    ];

    static readonly string ForgottenAttempts = Delete(
        "sign_in_attempts", "updated_at < identity_now() - $1 AND coalesce(blocked_until < identity_now(), true)");

    static readonly string ForgottenFailures = Delete(
        "failure_counters", "updated_at < identity_now() - $1 AND coalesce(blocked_until < identity_now() - $1, true)");

    static readonly string UnusedApplications = UnusedRegistrations.RemoveSql(Batch);

    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default)
    {
        foreach (var (table, sql) in Statements)
            await PruneAsync(table, sql, null, cancellationToken);
        await PruneAsync("sign_in_attempts", ForgottenAttempts, Sql.Value(signIn.Value.Forget), cancellationToken);
        await PruneAsync("failure_counters", ForgottenFailures, Sql.Value(limits.Value.Forget), cancellationToken);
        await PruneAsync("applications", UnusedApplications, Sql.Value(revocation.Value.Keep), cancellationToken);
    }

    /// <summary>Rows that somebody else is working on are left for the next run.</summary>
    static string Delete(string table, string condition) =>
        $"DELETE FROM {table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM {table} WHERE {condition} LIMIT {Batch} FOR UPDATE SKIP LOCKED))";

    async Task PruneAsync(string table, string sql, NpgsqlParameter? parameter, CancellationToken cancellationToken)
    {
        var total = 0;
        int deleted;
        do
        {
            await using var command = database.CreateCommand(sql);
            if (parameter is not null)
                command.Parameters.Add(parameter.Clone());
            deleted = await command.ExecuteNonQueryAsync(cancellationToken);
            total += deleted;
        }
        while (deleted == Batch);
        if (total > 0)
            Pruned(logger, total, table);
    }

    [LoggerMessage(5000, LogLevel.Information, "Pruned {Count} rows of {Table}")]
    static partial void Pruned(ILogger logger, int count, string table);
}
