using IdentityHost.Data;
using Npgsql;

namespace IdentityHost.Protocol.Authorize;

/// <summary>
/// The pages about itself that an application registered for people (RFC 7591 §2). They are at hosts that it gets its answers at. A logo is not
/// among them: a page of ours loads nothing from elsewhere.
/// </summary>
/// <param name="Policy">What it does with their data; null for none.</param>
/// <param name="Terms">Its terms of service; null for none.</param>
internal sealed record ApplicationPages(string? Policy, string? Terms)
{
    const string FindSql = "SELECT registered_metadata::jsonb ->> 'policy_uri', registered_metadata::jsonb ->> 'tos_uri' FROM applications WHERE id = $1";

    public static async Task<ApplicationPages> FindAsync(NpgsqlDataSource database, long applicationId, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(FindSql);
        command.Parameters.Add(Sql.Value(applicationId));
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        return await row.ReadAsync(cancellationToken)
            ? new ApplicationPages(row.IsDBNull(0) ? null : row.GetString(0), row.IsDBNull(1) ? null : row.GetString(1))
            : new ApplicationPages(null, null);
    }
}
