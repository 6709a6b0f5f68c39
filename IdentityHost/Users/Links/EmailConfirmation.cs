using IdentityHost.Audit;
using IdentityHost.Data;
using IdentityHost.Data.Entities;
using Npgsql;

namespace IdentityHost.Users.Links;

/// <summary>What came of a link to confirm an address by.</summary>
internal enum Confirmation
{
    Confirmed,

    /// <summary>No such link, or not any more: used, expired, or the address is not wanted now.</summary>
    Refused,

    /// <summary>The address belongs to another account by now; nothing was changed, the link either.</summary>
    Taken,
}

/// <summary>
/// Confirms an address: the one an account has, or the one it is waiting for, which takes effect by that. The link is used up by the statement that
/// does it.
/// </summary>
internal sealed class EmailConfirmation(NpgsqlDataSource database)
{
    // An address of ours is ASCII, so this upper is Identity's normalizer.
    const string ConfirmSql =
        $"""
        WITH link AS (
            UPDATE account_tokens SET used_at = identity_now() WHERE key = $1 AND used_at IS NULL AND expires_at > identity_now()
            RETURNING user_id, email),
        confirmed AS (
            UPDATE users u SET email = link.email, normalized_email = upper(link.email COLLATE "C"), email_confirmed = true,
                pending_email = CASE WHEN u.pending_email = link.email THEN NULL ELSE u.pending_email END,
                version = version + 1, updated_at = identity_now()
            FROM link WHERE u.id = link.user_id AND u.status AND (u.email = link.email OR u.pending_email = link.email) RETURNING u.id)
        {AuditLog.InsertInto} SELECT '{AuditKinds.EmailConfirmed}', id, id, NULL, $2, NULL FROM confirmed
        """;

    /// <param name="token">From the link.</param>
    /// <param name="address">Where whoever uses it is.</param>
    public async Task<Confirmation> ConfirmAsync(string? token, string address)
    {
        if (AccountLink.KeyOf(AccountTokenPurpose.ConfirmEmail, token) is not { } key)
            return Confirmation.Refused;
        var batch = new WriteBatch();
        batch.Add(ConfirmSql, Sql.Value(key), Sql.Value(address));
        try
        {
            return await batch.ExecuteAsync(database, CancellationToken.None) > 0 ? Confirmation.Confirmed : Confirmation.Refused;
        }
        catch (PostgresException e) when (Accounts.Taken(e) is not null)
        {
            // The index decides: somebody else has confirmed it first.
            return Confirmation.Taken;
        }
    }
}
