using IdentityHost.Data;
using IdentityHost.Data.Entities;
using IdentityHost.Protocol;
using Npgsql;

namespace IdentityHost.SignIn;

/// <summary>Tells the engine about people: what the userinfo endpoint and ID tokens say of them.</summary>
internal sealed class Subjects(NpgsqlDataSource database) : ISubjectClaims
{
    const string FindSql =
        """
        SELECT user_name, name, email, email_confirmed, phone_number, address, role, updated_at FROM users WHERE id = $1 AND status
        """;

    public async Task<SubjectClaims?> FindAsync(long userId, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(FindSql);
        command.Parameters.Add(Sql.Value(userId));
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        if (!await row.ReadAsync(cancellationToken))
            return null;
        return new SubjectClaims(
            row.GetString(0),
            Text(1),
            Text(2),
            row.GetBoolean(3),
            Text(4),
            Text(5),
            (UserRole)row.GetInt16(6),
            new DateTimeOffset(row.GetDateTime(7)));

        string? Text(int column) => row.IsDBNull(column) ? null : row.GetString(column);
    }
}
