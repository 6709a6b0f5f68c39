using IdentityHost.Data;
using Npgsql;

namespace IdentityHost.Protocol.Clients;

/// <summary>Reads applications by <c>client_id</c>: one statement by unique index, so that a disabled one is refused on every node at once.</summary>
internal sealed class Applications(NpgsqlDataSource database)
{
    const string FindSql =
        """
        SELECT id, client_id, epoch, token_endpoint_auth_method, secret_hash, secret_salt,
               secret_expires_at IS NOT NULL AND secret_expires_at <= identity_now(), grant_types, scopes, enabled, audiences
        FROM applications WHERE client_id = $1
        """;

    /// <summary>The application with its secret's hash, or null. Disabled ones are returned too: the authenticator refuses them.</summary>
    public async Task<StoredApplication?> FindAsync(string clientId, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(FindSql);
        command.Parameters.Add(Sql.Value(clientId));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
            return null;
        var method = reader.GetString(3);
        return new StoredApplication(
            new Client(
                reader.GetInt64(0),
                reader.GetString(1),
                reader.GetInt32(2),
                method == ClientAuthenticationMethods.None,
                reader.GetFieldValue<string[]>(7),
                reader.GetFieldValue<string[]>(8),
                reader.GetFieldValue<string[]>(10)),
            method,
            reader.IsDBNull(4) ? null : reader.GetFieldValue<byte[]>(4),
            reader.IsDBNull(5) ? null : reader.GetFieldValue<byte[]>(5),
            SecretExpired: reader.GetBoolean(6),
            Enabled: reader.GetBoolean(9));
    }
}

/// <summary>An application's row as authentication needs it.</summary>
internal sealed record StoredApplication(
    Client Client, string AuthenticationMethod, byte[]? SecretHash, byte[]? SecretSalt, bool SecretExpired, bool Enabled);
