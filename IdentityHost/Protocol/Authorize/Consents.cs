using IdentityHost.Audit;
using IdentityHost.Data;
using Npgsql;

namespace IdentityHost.Protocol.Authorize;

/// <summary>What somebody has allowed an application, and when they last said so.</summary>
internal sealed record GivenConsent(IReadOnlyCollection<string> Scopes, DateTimeOffset GivenAt)
{
    public bool Covers(IEnumerable<string> scopes) => scopes.All(Scopes.Contains);
}

/// <summary>Remembers what people have allowed: one row for each person and application.</summary>
internal sealed class Consents(NpgsqlDataSource database)
{
    const string FindSql = "SELECT scope, granted_at FROM consents WHERE user_id = $1 AND application_id = $2";

    // What was allowed before stays allowed. Of a person or an application that is deleted at this moment nothing is written.
    const string GiveSql =
        $"""
        WITH given AS (
            INSERT INTO consents (user_id, application_id, scope, granted_at)
            SELECT u.id, a.id, $3, identity_now() FROM users u, applications a WHERE u.id = $1 AND a.id = $2 FOR KEY SHARE
            ON CONFLICT (user_id, application_id) DO UPDATE SET granted_at = excluded.granted_at, scope = array_to_string(ARRAY(
                SELECT DISTINCT unnest(string_to_array(consents.scope, ' ') || string_to_array(excluded.scope, ' '))), ' ')
            RETURNING user_id)
        {AuditLog.InsertInto} SELECT '{AuditKinds.ConsentGiven}', user_id, user_id, $4, $5, $3 FROM given
        """;

    public async Task<GivenConsent?> FindAsync(long userId, long applicationId, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(FindSql);
        command.Parameters.Add(Sql.Value(userId));
        command.Parameters.Add(Sql.Value(applicationId));
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        return await row.ReadAsync(cancellationToken)
            ? new GivenConsent(row.GetString(0).Split(' ', StringSplitOptions.RemoveEmptyEntries), new DateTimeOffset(row.GetDateTime(1)))
            : null;
    }

    /// <summary>Adds to what the person allows the application, from now on.</summary>
    public async Task GiveAsync(long userId, StoredRequest stored, string address)
    {
        await using var command = database.CreateCommand(GiveSql);
        command.Parameters.Add(Sql.Value(userId));
        command.Parameters.Add(Sql.Value(stored.Client.ApplicationId));
        command.Parameters.Add(Sql.Value(string.Join(' ', ConsentScopes.Of(stored.Request, stored.Client))));
        command.Parameters.Add(Sql.Value(stored.Client.ClientId));
        command.Parameters.Add(Sql.Value(address));
        await command.ExecuteNonQueryAsync(CancellationToken.None);
    }
}
