using IdentityHost.Data;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace IdentityHost.Users.Pictures;

/// <summary>A picture as it is kept.</summary>
internal sealed record Picture(int Version, string ContentType, byte[] Bytes);

/// <summary>
/// People's pictures, in the database so that every node serves them; one each, gone with the account. A picture's version is the one that its
/// account got with it, and so never comes again: neither after another picture nor after none.
/// </summary>
internal sealed class PictureStore(NpgsqlDataSource database)
{
    const string PutFirstSql =
        """
        WITH changed AS (
            UPDATE users SET version = version + 1, updated_at = identity_now()
            WHERE id = $1 AND NOT EXISTS (SELECT FROM user_pictures WHERE user_id = $1) RETURNING id, version)
        INSERT INTO user_pictures (user_id, version, content_type, bytes) SELECT id, version, $2, $3 FROM changed ON CONFLICT DO NOTHING
        """;

    /// <summary>Null if there is none.</summary>
    public async Task<Picture?> FindAsync(long userId, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("SELECT version, content_type, bytes FROM user_pictures WHERE user_id = $1");
        command.Parameters.Add(Sql.Value(userId));
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        return await row.ReadAsync(cancellationToken) ? new Picture(row.GetInt32(0), row.GetString(1), row.GetFieldValue<byte[]>(2)) : null;
    }

    public async Task<bool> ExistsAsync(long userId, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("SELECT 1 FROM user_pictures WHERE user_id = $1");
        command.Parameters.Add(Sql.Value(userId));
        return await command.ExecuteScalarAsync(cancellationToken) is not null;
    }

    /// <summary>Keeps a picture for somebody who has none: one that they chose is never replaced.</summary>
    public async Task PutFirstAsync(long userId, CleanPicture picture, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(PutFirstSql);
        command.Parameters.Add(Sql.Value(userId));
        command.Parameters.Add(Sql.Value(picture.ContentType));
        command.Parameters.Add(Sql.Value(picture.Bytes));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Replaces or takes away somebody's picture, within a transaction that has locked their row and moved its version.</summary>
    /// <param name="context">Has the transaction.</param>
    /// <param name="userId">Whose.</param>
    /// <param name="picture">Null for none.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static Task<int> WriteAsync(HostDbContext context, long userId, CleanPicture? picture, CancellationToken cancellationToken) =>
        picture is null
            ? context.Database.ExecuteSqlAsync($"DELETE FROM user_pictures WHERE user_id = {userId}", cancellationToken)
            : context.Database.ExecuteSqlAsync(
                $"""
                INSERT INTO user_pictures (user_id, version, content_type, bytes)
                SELECT id, version, {picture.ContentType}, {picture.Bytes} FROM users WHERE id = {userId}
                ON CONFLICT (user_id) DO UPDATE SET version = excluded.version, content_type = excluded.content_type, bytes = excluded.bytes
                """,
                cancellationToken);
}
