using IdentityHost.Data;
using Npgsql;

namespace IdentityHost.Protocol.Logout;

/// <summary>A logout that is this node's to tell now.</summary>
internal sealed record DueLogout(long Id, long ApplicationId, string ClientId, long UserId, Guid SessionId, string TokenId, int Attempt);

/// <summary>
/// The table <c>logout_messages</c> as delivery sees it. A row is taken by one statement that puts its next try behind a lease, so that no two nodes
/// tell the same at once, and one whose node dies is told by another; nothing stays locked while a receiver thinks.
/// </summary>
internal sealed class DueLogouts(NpgsqlDataSource database)
{
    /// <summary>Tried for this long, however often it fails. A receiver may be down for a night.</summary>
    static readonly TimeSpan KeepTrying = TimeSpan.FromHours(24);

    // The oldest of each application that this node is not telling something already. Two nodes may find the same row: the second waits for the first,
    // and then it is not due any more.
    const string TakeSql =
        """
        WITH first AS (
            SELECT DISTINCT ON (application_id) id, next_attempt_at FROM logout_messages
            WHERE delivered_at IS NULL AND given_up_at IS NULL AND next_attempt_at <= identity_now() AND application_id <> ALL ($1)
            ORDER BY application_id, next_attempt_at),
        due AS (SELECT id FROM first ORDER BY next_attempt_at LIMIT $2),
        taken AS (
            UPDATE logout_messages m SET next_attempt_at = identity_now() + $3, attempts = attempts + 1 FROM due
            WHERE m.id = due.id AND m.delivered_at IS NULL AND m.given_up_at IS NULL AND m.next_attempt_at <= identity_now()
            RETURNING m.id, m.application_id, m.user_id, m.session_id, m.token_id, m.attempts)
        SELECT taken.id, application_id, client_id, user_id, session_id, token_id, attempts FROM taken JOIN applications a ON a.id = application_id
        """;

    const string DeliveredSql = "UPDATE logout_messages SET delivered_at = identity_now(), last_error = NULL WHERE id = $1";

    // Not if the lease has run out and somebody else is at it. The spread keeps those that failed together from coming back together.
    const string FailedSql =
        """
        UPDATE logout_messages SET last_error = $3, next_attempt_at = identity_now() + $4 * (0.8 + 0.4 * random()),
            given_up_at = CASE WHEN $5 OR created_at + $6 < identity_now() THEN identity_now() END
        WHERE id = $1 AND attempts = $2 AND delivered_at IS NULL RETURNING given_up_at IS NOT NULL
        """;

    /// <summary>What is due, at most one for each application.</summary>
    /// <param name="busy">Applications that are being told something.</param>
    /// <param name="count">The most.</param>
    /// <param name="lease">Longer than telling may take.</param>
    /// <param name="cancellationToken">Ends the wait for the database.</param>
    public async Task<List<DueLogout>> TakeAsync(IEnumerable<long> busy, int count, TimeSpan lease, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(TakeSql);
        command.Parameters.Add(Sql.Value(busy.ToArray()));
        command.Parameters.Add(Sql.Value(count));
        command.Parameters.Add(Sql.Value(lease));
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        List<DueLogout> due = [];
        while (await row.ReadAsync(cancellationToken))
        {
            due.Add(new DueLogout(
                row.GetInt64(0), row.GetInt64(1), row.GetString(2), row.GetInt64(3), row.GetGuid(4), row.GetString(5), row.GetInt32(6)));
        }
        return due;
    }

    /// <summary>The application has it.</summary>
    public async Task DeliveredAsync(DueLogout logout)
    {
        await using var command = database.CreateCommand(DeliveredSql);
        command.Parameters.Add(Sql.Value(logout.Id));
        // The application has answered: not recording it would tell it twice.
        await command.ExecuteNonQueryAsync(CancellationToken.None);
    }

    /// <summary>It does not have it.</summary>
    /// <param name="logout">What was told.</param>
    /// <param name="error">What came of it.</param>
    /// <param name="wait">Until the next try.</param>
    /// <param name="isFinal">There is none.</param>
    /// <returns>Whether it is given up: for good, or after <see cref="KeepTrying"/>.</returns>
    public async Task<bool> FailedAsync(DueLogout logout, string error, TimeSpan wait, bool isFinal)
    {
        await using var command = database.CreateCommand(FailedSql);
        command.Parameters.Add(Sql.Value(logout.Id));
        command.Parameters.Add(Sql.Value(logout.Attempt));
        command.Parameters.Add(Sql.Value(error));
        command.Parameters.Add(Sql.Value(wait));
        command.Parameters.Add(Sql.Value(isFinal));
        command.Parameters.Add(Sql.Value(KeepTrying));
        return await command.ExecuteScalarAsync(CancellationToken.None) is true;
    }
}
