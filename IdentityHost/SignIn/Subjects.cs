using IdentityHost.Data;
using IdentityHost.Data.Entities;
using IdentityHost.Protocol;
using IdentityHost.Users.Pictures;
using Npgsql;

namespace IdentityHost.SignIn;

/// <summary>Tells the engine about people: what the userinfo endpoint and ID tokens say of them.</summary>
internal sealed class Subjects(NpgsqlDataSource database, PictureLinks pictures) : ISubjectClaims
{
    const string FindSql =
        """
        SELECT u.user_name, u.name, u.email, u.email_confirmed, u.phone_number, u.address, u.role, u.updated_at, p.version
        FROM users u LEFT JOIN user_pictures p ON p.user_id = u.id WHERE u.id = $1 AND u.status
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
            row.IsDBNull(8) ? null : pictures.UrlOf(userId, row.GetInt32(8)),
            new DateTimeOffset(row.GetDateTime(7)));

        string? Text(int column) => row.IsDBNull(column) ? null : row.GetString(column);
    }
}
