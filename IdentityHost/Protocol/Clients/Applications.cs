using System.Collections.Concurrent;
using System.Text;
using IdentityHost.Data;
using IdentityHost.Data.Entities;
using IdentityHost.Revocation;
using Npgsql;

namespace IdentityHost.Protocol.Clients;

/// <summary>
/// Applications by <c>client_id</c>. Kept in memory while the revocation feed is fresh, since whoever changes one tells it through the feed;
/// otherwise read by one statement each time.
/// </summary>
internal sealed class Applications(NpgsqlDataSource database, RevocationCopy revocations, TimeProvider clock) : IRevocationListener
{
    /// <summary>More are not remembered at a time: strangers' registrations must not fill the memory.</summary>
    const int MaximumKept = 10_000;

    const string FindSql =
        """
        SELECT id, client_id, epoch, token_endpoint_auth_method, secret_hash, secret_salt, secret_expires_at, grant_types, scopes, enabled, audiences,
               display_name, redirect_uris, post_logout_redirect_uris, allowed_origins, backchannel_logout_uri, consent, require_pkce,
               id_token_signed_response_alg, userinfo_signed_response_alg, sector_identifier, default_max_age, registered_metadata,
               jwks, jwks_uri, token_endpoint_auth_signing_alg, updated_at
        FROM applications WHERE client_id = $1
        """;

    readonly ConcurrentDictionary<string, StoredApplication> _kept = new(StringComparer.Ordinal);
    long _changes;

    /// <summary>The application with its secret's hash, or null. Disabled ones are returned too: the authenticator refuses them.</summary>
    public ValueTask<StoredApplication?> FindAsync(string clientId, CancellationToken cancellationToken) =>
        FindKept(clientId) is { } kept ? ValueTask.FromResult<StoredApplication?>(kept) : new(ReadAsync(clientId, cancellationToken));

    /// <summary>The application, if it is in memory and as young as the feed.</summary>
    public StoredApplication? FindKept(string clientId) => revocations.IsFresh ? _kept.GetValueOrDefault(clientId) : null;

    /// <summary>Whether the application may act now, apart from its proof.</summary>
    public bool MayAct(StoredApplication application) =>
        application.Enabled && (application.SecretExpiresAt is not { } end || clock.GetUtcNow() < end);

    public ValueTask AppliedAsync(RevocationKind kind, string key, CancellationToken cancellationToken)
    {
        if (kind is RevocationKind.Application or RevocationKind.All)
        {
            // First, so that a read that began before the change is not kept after it.
            Interlocked.Increment(ref _changes);
            if (kind == RevocationKind.All)
                _kept.Clear();
            else
                _kept.TryRemove(key, out _);
        }
        return ValueTask.CompletedTask;
    }

    /// <summary>The application as its row says now.</summary>
    public async Task<StoredApplication?> ReadAsync(string clientId, CancellationToken cancellationToken)
    {
        var changes = Interlocked.Read(ref _changes);
        await using var command = database.CreateCommand(FindSql);
        command.Parameters.Add(Sql.Value(clientId));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
            return null;
        var application = Read(reader);
        if (_kept.Count >= MaximumKept)
            _kept.Clear();
        _kept[clientId] = application;
        if (Interlocked.Read(ref _changes) != changes)
            _kept.TryRemove(clientId, out _);
        return application;
    }

    static StoredApplication Read(NpgsqlDataReader row)
    {
        var method = row.GetString(3);
        var algorithm = Text(row, 25);
        return new StoredApplication(
            new Client(
                row.GetInt64(0),
                row.GetString(1),
                row.GetInt32(2),
                method == ClientAuthenticationMethods.None,
                row.GetFieldValue<string[]>(7),
                row.GetFieldValue<string[]>(8),
                row.GetFieldValue<string[]>(10))
            {
                DisplayName = row.GetString(11),
                RedirectUris = row.GetFieldValue<string[]>(12),
                PostLogoutRedirectUris = row.GetFieldValue<string[]>(13),
                AllowedOrigins = row.GetFieldValue<string[]>(14),
                BackchannelLogoutUri = Text(row, 15),
                Consent = row.GetString(16),
                RequirePkce = row.GetBoolean(17),
                IdTokenAlgorithm = row.GetString(18),
                UserinfoAlgorithm = Text(row, 19),
                SectorIdentifier = Text(row, 20),
                DefaultMaxAge = row.IsDBNull(21) ? null : row.GetInt32(21),
                RegisteredMetadata = Text(row, 22),
            },
            method,
            row.IsDBNull(4) ? null : row.GetFieldValue<byte[]>(4),
            row.IsDBNull(5) ? null : row.GetFieldValue<byte[]>(5),
            row.IsDBNull(6) ? null : new DateTimeOffset(row.GetDateTime(6)),
            Enabled: row.GetBoolean(9))
        {
            JwksUri = Text(row, 24),
            AssertionAlgorithm = algorithm,
            Jwks = method == ClientAuthenticationMethods.PrivateKeyJwt ? Text(row, 23) : null,
            UpdatedAt = row.GetDateTime(26),
        };
    }

    static string? Text(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);
}

/// <summary>An application's row as authentication needs it.</summary>
internal sealed record StoredApplication(
    Client Client, string AuthenticationMethod, byte[]? SecretHash, byte[]? SecretSalt, DateTimeOffset? SecretExpiresAt, bool Enabled)
{
    ClientKeySet? _keys;

    /// <summary>For <c>private_key_jwt</c>, the JWK set that it registered; null where it is behind <see cref="JwksUri"/>.</summary>
    public string? Jwks { get; init; }

    /// <summary>The keys of <see cref="Jwks"/>, read when they are first needed.</summary>
    public ClientKeySet? Keys => Jwks is null ? null : _keys ??= ClientKeySet.Parse(Encoding.UTF8.GetBytes(Jwks), AssertionAlgorithm);

    /// <summary>Where its keys are read; null for none.</summary>
    public string? JwksUri { get; init; }

    /// <summary>The only <c>alg</c> of its assertions (<c>token_endpoint_auth_signing_alg</c>); null for the one of each key.</summary>
    public string? AssertionAlgorithm { get; init; }

    /// <summary>Tells one state of the row from the next.</summary>
    public DateTime UpdatedAt { get; init; }
}
