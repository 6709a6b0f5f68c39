using IdentityHost.Audit;
using IdentityHost.Data;
using IdentityHost.Data.Entities;
using IdentityHost.Protocol.Clients;
using IdentityHost.Revocation;
using Microsoft.Extensions.Options;
using Npgsql;

namespace IdentityHost.Protocol.Registration;

/// <summary>A registered application's row as its management needs it.</summary>
internal sealed record RegisteredClient(
    long Id, string ClientId, DateTimeOffset IssuedAt, string AuthenticationMethod, byte[]? SecretHash, byte[]? SecretSalt, bool Trusted, string Metadata, byte[] TokenHash)
{
    public override string ToString() => ClientId;
}

/// <summary>Writes the rows of applications that register themselves, each change by one statement with what the feed and the audit are told.</summary>
internal sealed class RegisteredClients(NpgsqlDataSource database, Revocations revocations, IOptions<RegistrationOptions> options, IOptions<RevocationOptions> revocation)
{
    const string FindSql =
        """
        SELECT id, client_id, registered_at, token_endpoint_auth_method, secret_hash, secret_salt, consent, registered_metadata, registration_token_hash
        FROM applications WHERE client_id = $1 AND enabled AND NOT declared AND registration_token_hash IS NOT NULL
        """;

    // A new one is told to the feed only where scripts of its origins may call from now on: strangers must not fill the copy on every node.
    static readonly string InsertSql =
        $"""
        WITH made AS (
            INSERT INTO applications (client_id, token_endpoint_auth_method, secret_hash, secret_salt, grant_types, scopes, redirect_uris,
                post_logout_redirect_uris, allowed_origins, display_name, backchannel_logout_uri, id_token_signed_response_alg,
                userinfo_signed_response_alg, sector_identifier, jwks, default_max_age, registered_metadata, require_pkce,
                jwks_uri, token_endpoint_auth_signing_alg,
                consent, registration_token_hash, registered_at, updated_at, enabled, epoch, declared, audiences)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, identity_now(), identity_now(),
                true, 0, false, '{"{}"}') RETURNING client_id, epoch, registered_at, allowed_origins),
        told AS ({Revocations.InsertInto} SELECT {(short)RevocationKind.Application}, client_id, epoch, identity_now() + $23 FROM made WHERE allowed_origins <> '{"{}"}'),
        audited AS ({AuditLog.InsertInto} SELECT '{AuditKinds.ApplicationRegistered}', NULL, NULL, client_id, $24, $21 FROM made)
        SELECT registered_at FROM made
        """;

    // Its epoch stays, so no token dies; the word in the feed tells every node to read it again.
    static readonly string UpdateSql =
        $"""
        WITH changed AS (
            UPDATE applications SET token_endpoint_auth_method = $2, secret_hash = $3, secret_salt = $4, grant_types = $5, scopes = $6, redirect_uris = $7,
                post_logout_redirect_uris = $8, allowed_origins = $9, display_name = $10, backchannel_logout_uri = $11, id_token_signed_response_alg = $12,
                userinfo_signed_response_alg = $13, sector_identifier = $14, jwks = $15, default_max_age = $16, registered_metadata = $17,
                require_pkce = $18, jwks_uri = $19, token_endpoint_auth_signing_alg = $20, updated_at = identity_now()
            WHERE client_id = $1 AND enabled AND registration_token_hash = $21 RETURNING client_id, epoch),
        told AS ({Revocations.InsertInto} SELECT {(short)RevocationKind.Application}, client_id, epoch, identity_now() + $22 FROM changed),
        audited AS ({AuditLog.InsertInto} SELECT '{AuditKinds.ApplicationChanged}', NULL, NULL, client_id, $23, NULL FROM changed)
        SELECT 1 FROM changed
        """;

    // The row stays, without its secrets: its id names tokens that verifiers may still meet.
    static readonly string DisableSql =
        $"""
        WITH ended AS (
            UPDATE applications SET enabled = false, epoch = epoch + 1, secret_hash = NULL, secret_salt = NULL, jwks = NULL, jwks_uri = NULL, registration_token_hash = NULL,
                updated_at = identity_now()
            WHERE client_id = $1 AND enabled AND registration_token_hash = $2 RETURNING client_id, epoch),
        told AS ({Revocations.InsertInto} SELECT {(short)RevocationKind.Application}, client_id, epoch, identity_now() + $3 FROM ended),
        audited AS ({AuditLog.InsertInto} SELECT '{AuditKinds.ApplicationUnregistered}', NULL, NULL, client_id, $4, NULL FROM ended)
        SELECT 1 FROM ended
        """;

    // After the row of the application, in the order in which everybody locks. Each of them reads what has committed by then: a grant that was made
    // meanwhile had locked the row, and is there.
    const string EndGrantsSql =
        "UPDATE grants SET ended_at = identity_now() WHERE ended_at IS NULL AND application_id = (SELECT id FROM applications WHERE client_id = $1 AND NOT enabled)";

    const string ForgetConsentsSql = "DELETE FROM consents WHERE application_id = (SELECT id FROM applications WHERE client_id = $1 AND NOT enabled)";
    const string ForgetCodesSql = "DELETE FROM authorization_codes WHERE application_id = (SELECT id FROM applications WHERE client_id = $1 AND NOT enabled)";
    const string ForgetRequestsSql = "DELETE FROM authorization_requests WHERE application_id = (SELECT id FROM applications WHERE client_id = $1 AND NOT enabled)";

    /// <summary>The registered application of this name and token, by one statement; null for any other.</summary>
    public async Task<RegisteredClient?> FindAsync(string clientId, string token, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(FindSql);
        command.Parameters.Add(Sql.Value(clientId));
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        var found = await row.ReadAsync(cancellationToken) ? Read(row) : null;
        // Compared for names that nobody has, too.
        return RegistrationSecrets.IsToken(token, found?.TokenHash) ? found : null;
    }

    /// <summary>Makes the row, and answers when it was made.</summary>
    public async Task<DateTimeOffset> AddAsync(string clientId, ClientMetadata metadata, bool trusted, string? secret, string token, string address)
    {
        var batch = new WriteBatch();
        var at = default(DateTimeOffset);
        var (hash, salt) = Hashed(secret);
        batch.AddRead(
            InsertSql,
            row => at = new DateTimeOffset(row.GetDateTime(0)),
            [
                .. Columns(clientId, metadata, hash, salt),
                Sql.Value(trusted ? ConsentTypes.Explicit : ConsentTypes.Untrusted),
                Sql.Value(RegistrationSecrets.HashToken(token)),
                Sql.Value(revocation.Value.Keep),
                Sql.Value(address),
            ]);
        if (metadata.AllowedOrigins.Length > 0)
            revocations.PublishWith(batch);
        await batch.ExecuteAsync(database, CancellationToken.None);
        return at;
    }

    /// <summary>Replaces what it registered as.</summary>
    /// <param name="client">As it was found.</param>
    /// <param name="metadata">As it is to be.</param>
    /// <param name="secret">A new secret; null keeps the one there is, if the method needs one.</param>
    /// <param name="address">Where the request came from.</param>
    /// <returns>False where it was taken away meanwhile.</returns>
    public async Task<bool> ChangeAsync(RegisteredClient client, ClientMetadata metadata, string? secret, string address)
    {
        var (hash, salt) = secret is not null ? Hashed(secret)
            : ClientAuthenticationMethods.NeedsSecret(metadata.AuthenticationMethod) ? (client.SecretHash, client.SecretSalt)
            : (null, null);
        var batch = new WriteBatch();
        var changed = false;
        batch.AddRead(
            UpdateSql,
            _ => changed = true,
            [.. Columns(client.ClientId, metadata, hash, salt), Sql.Value(client.TokenHash), Sql.Value(revocation.Value.Keep), Sql.Value(address)]);
        revocations.PublishWith(batch);
        await batch.ExecuteAsync(database, CancellationToken.None);
        return changed;
    }

    /// <summary>Ends it with every token, grant, code and consent of it, for good.</summary>
    public async Task EndAsync(RegisteredClient client, string address)
    {
        var batch = new WriteBatch();
        batch.AddRead(
            DisableSql, static _ => { }, Sql.Value(client.ClientId), Sql.Value(client.TokenHash), Sql.Value(revocation.Value.Keep), Sql.Value(address));
        foreach (var sql in (string[])[EndGrantsSql, ForgetConsentsSql, ForgetCodesSql, ForgetRequestsSql])
            batch.Add(sql, Sql.Value(client.ClientId));
        revocations.PublishWith(batch);
        await batch.ExecuteAsync(database, CancellationToken.None);
    }

    /// <summary>$1 to $20 of both statements.</summary>
    NpgsqlParameter[] Columns(string clientId, ClientMetadata metadata, byte[]? hash, byte[]? salt) =>
    [
        Sql.Value(clientId),
        Sql.Value(metadata.AuthenticationMethod),
        Sql.Optional(hash),
        Sql.Optional(salt),
        Sql.Value(metadata.GrantTypes),
        Sql.Value(metadata.Scopes),
        Sql.Value(metadata.RedirectUris),
        Sql.Value(metadata.PostLogoutRedirectUris),
        Sql.Value(metadata.AllowedOrigins),
        Sql.Value(metadata.Name ?? clientId),
        Sql.Optional(metadata.BackchannelLogoutUri),
        Sql.Value(metadata.IdTokenAlgorithm),
        Sql.Optional(metadata.UserinfoAlgorithm),
        Sql.Optional(metadata.SectorIdentifier),
        Sql.Optional(metadata.Jwks),
        Sql.Optional(metadata.DefaultMaxAge),
        Sql.Value(metadata.Told.ToJsonString()),
        Sql.Value(options.Value.RequirePkce || metadata.AuthenticationMethod == ClientAuthenticationMethods.None),
        Sql.Optional(metadata.JwksUri?.OriginalString),
        Sql.Optional(metadata.AssertionAlgorithm),
    ];

    static (byte[]? Hash, byte[]? Salt) Hashed(string? secret) => secret is null ? (null, null) : ClientSecrets.Hash(secret);

    static RegisteredClient Read(NpgsqlDataReader row) => new(
        row.GetInt64(0),
        row.GetString(1),
        new DateTimeOffset(row.GetDateTime(2)),
        row.GetString(3),
        row.IsDBNull(4) ? null : row.GetFieldValue<byte[]>(4),
        row.IsDBNull(5) ? null : row.GetFieldValue<byte[]>(5),
        Trusted: row.GetString(6) != ConsentTypes.Untrusted,
        row.GetString(7),
        row.GetFieldValue<byte[]>(8));
}
