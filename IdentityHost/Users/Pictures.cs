using IdentityHost.Data;
using Npgsql;

namespace IdentityHost.Users;

/// <summary>A picture as it is kept.</summary>
internal sealed record Picture(int Version, string ContentType, byte[] Bytes);

/// <summary>People's pictures, in the database so that every node serves them.</summary>
internal sealed class Pictures(NpgsqlDataSource database)
{
    /// <summary>The most bytes of one.</summary>
    public const int MostBytes = 2 * 1024 * 1024;

    const string PutFirstSql =
        """
        WITH put AS (
            INSERT INTO user_pictures (user_id, version, content_type, bytes) SELECT id, 1, $2, $3 FROM users WHERE id = $1 ON CONFLICT DO NOTHING
            RETURNING user_id)
        UPDATE users SET version = users.version + 1, updated_at = identity_now() FROM put WHERE id = put.user_id
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
    public async Task PutFirstAsync(long userId, string contentType, byte[] bytes, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(PutFirstSql);
        command.Parameters.Add(Sql.Value(userId));
        command.Parameters.Add(Sql.Value(contentType));
        command.Parameters.Add(Sql.Value(bytes));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>What the bytes are, by their first ones and not by what anybody says; null for anything but PNG and JPEG.</summary>
    public static string? TypeOf(ReadOnlySpan<byte> bytes) =>
        bytes is [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] ? "image/png"
        : bytes is [0xff, 0xd8, 0xff, ..] ? "image/jpeg"
        : null;
}
