using IdentityHost.Data;
using IdentityHost.Data.Entities;
using IdentityHost.Users.Api;
using IdentityHost.Users.Links;
using Npgsql;

namespace IdentityHost.Users.Passwords;

/// <summary>Chooses a new password by the link that was mailed; also for those who never had one (people who came by Google).</summary>
internal sealed class PasswordReset(NpgsqlDataSource database, PasswordPolicy policy, PasswordHashing hashing, PasswordChanges changes)
{
    // Names only, for the rules of passwords: it opens nothing, and a link that is none costs no hash.
    const string NamesSql =
        """
        SELECT u.user_name, u.email FROM account_tokens t JOIN users u ON u.id = t.user_id AND u.email = t.email AND u.status
        WHERE t.key = $1 AND t.used_at IS NULL AND t.expires_at > identity_now()
        """;

    /// <summary>The link is no good: never was, was used, has expired, or the account is disabled or has another address by now.</summary>
    public static ApiError BadLink => ApiErrors.InvalidRequest;

    /// <param name="token">From the link.</param>
    /// <param name="password">The wish.</param>
    /// <param name="address">Where whoever uses it is.</param>
    /// <param name="cancellationToken">Ends it until the password is hashed.</param>
    /// <returns>Null when done; <see cref="BadLink"/>, or what is wrong with the password, which uses nothing up.</returns>
    /// <exception cref="HashingQueueFullException">Too many passwords wait to be hashed.</exception>
    public async Task<ApiError?> ResetAsync(string? token, string? password, string address, CancellationToken cancellationToken)
    {
        if (AccountLink.KeyOf(AccountTokenPurpose.ResetPassword, token) is not { } key || await NamesAsync(key, cancellationToken) is not { } names)
            return BadLink;
        if (AccountRules.Password(policy, password, names.Username, names.Email) is { } refusal)
            return refusal;
        var hash = await hashing.HashAsync(password!, cancellationToken);
        var batch = new WriteBatch();
        changes.AddByLink(batch, key, hash, new PasswordChangeOrigin(ClientId: null, address));
        return await batch.ExecuteAsync(database, CancellationToken.None) > 0 ? null : BadLink;
    }

    async Task<(string Username, string Email)?> NamesAsync(byte[] key, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(NamesSql);
        command.Parameters.Add(Sql.Value(key));
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        return await row.ReadAsync(cancellationToken) ? (row.GetString(0), row.GetString(1)) : null;
    }
}
