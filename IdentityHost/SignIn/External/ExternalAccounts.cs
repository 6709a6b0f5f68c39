using System.Data;
using IdentityHost.Data;
using IdentityHost.Data.Entities;
using IdentityHost.Users;
using Microsoft.AspNetCore.Identity;
using Npgsql;

namespace IdentityHost.SignIn.External;

/// <summary>An account as the rules of linking see it, while its row is locked.</summary>
internal sealed record ExternalAccount(long Id, bool Active, UserRole Role, int Epoch, bool EmailConfirmed, bool SecondFactor);

/// <summary>The rows behind <see cref="ExternalSignIn"/>: finding, making and taking over accounts, within its transaction.</summary>
internal sealed class ExternalAccounts(ILookupNormalizer normalizer)
{
    const string Columns = "u.id, u.status, u.role, u.epoch, u.email_confirmed, u.two_factor_enabled FROM users u";

    // The link is locked too: one that is being taken away at this moment must not let anybody in.
    const string ByLoginSql =
        $"SELECT {Columns} JOIN user_logins l ON l.user_id = u.id WHERE l.login_provider = $1 AND l.provider_key = $2 FOR SHARE OF u, l";

    const string ByEmailSql = $"SELECT {Columns} WHERE u.normalized_email = $1 FOR NO KEY UPDATE OF u";

    // Name or address taken: no row, no error, and the transaction can go on. Whoever is inserting the same at this moment is waited for.
    static readonly string CreateSql =
        $"""
        INSERT INTO users (user_name, normalized_user_name, email, normalized_email, email_confirmed, name, security_stamp, concurrency_stamp,
            two_factor_enabled, role, status, password_origin, must_change_password, epoch, version)
        VALUES ($1, $2, $3, $4, $5, $6, gen_random_uuid()::text, gen_random_uuid()::text, false, {(short)UserRole.User}, true,
            {(short)PasswordOrigin.None}, false, 0, 1)
        ON CONFLICT DO NOTHING RETURNING id
        """;

    public const string LinkSql =
        """
        INSERT INTO user_logins (login_provider, provider_key, provider_display_name, user_id) VALUES ($1, $2, $1, $3) ON CONFLICT DO NOTHING
        """;

    public static Task<ExternalAccount?> FindLinkedAsync(NpgsqlTransaction transaction, ExternalIdentity identity, CancellationToken cancellationToken) =>
        FindAsync(transaction, ByLoginSql, cancellationToken, Sql.Value(ExternalIdentity.Provider), Sql.Value(identity.Key));

    /// <summary>The account with this address; null also for an address that no account can have.</summary>
    public Task<ExternalAccount?> FindByEmailAsync(NpgsqlTransaction transaction, ExternalIdentity identity, CancellationToken cancellationToken) =>
        EmailOf(identity) is { } email
            ? FindAsync(transaction, ByEmailSql, cancellationToken, Sql.Value(normalizer.NormalizeEmail(email)))
            : Task.FromResult<ExternalAccount?>(null);

    /// <summary>Makes an account without a password. Null where the username or the address was taken meanwhile.</summary>
    public async Task<ExternalAccount?> CreateAsync(
        NpgsqlTransaction transaction, ExternalIdentity identity, string username, CancellationToken cancellationToken)
    {
        var email = EmailOf(identity);
        await using var command = new NpgsqlCommand(CreateSql, transaction.Connection, transaction);
        var parameters = command.Parameters;
        parameters.Add(Sql.Value(username));
        parameters.Add(Sql.Value(normalizer.NormalizeName(username)));
        parameters.Add(Sql.Optional(email));
        parameters.Add(Sql.Optional(email is null ? null : normalizer.NormalizeEmail(email)));
        parameters.Add(Sql.Value(email is not null && identity.EmailVerified));
        parameters.Add(Sql.Optional(NameOf(identity)));
        return await command.ExecuteScalarAsync(cancellationToken) is long id
            ? new ExternalAccount(id, Active: true, UserRole.User, Epoch: 0, identity.EmailVerified, SecondFactor: false)
            : null;
    }

    /// <summary>False where the identity is linked already, to whomever.</summary>
    public static async Task<bool> LinkAsync(NpgsqlTransaction transaction, ExternalIdentity identity, long userId, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(LinkSql, transaction.Connection, transaction);
        command.Parameters.Add(Sql.Value(ExternalIdentity.Provider));
        command.Parameters.Add(Sql.Value(identity.Key));
        command.Parameters.Add(Sql.Value(userId));
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    /// <summary>The address in the spelling of accounts; null if it is none.</summary>
    public static string? EmailOf(ExternalIdentity identity) => identity.Email is null ? null : EmailAddress.Canonical(identity.Email);

    /// <summary>The name within the rules of accounts; null if nothing is left of it.</summary>
    public static string? NameOf(ExternalIdentity identity)
    {
        const int Longest = 100;
        var name = string.Concat((identity.Name ?? "").EnumerateRunes().Where(r => !System.Text.Rune.IsControl(r)).Take(Longest)).Trim();
        return name.Length > 0 && AccountRules.Name(name) is null ? name : null;
    }

    static async Task<ExternalAccount?> FindAsync(
        NpgsqlTransaction transaction, string sql, CancellationToken cancellationToken, params NpgsqlParameter[] parameters)
    {
        await using var command = new NpgsqlCommand(sql, transaction.Connection, transaction);
        command.Parameters.AddRange(parameters);
        await using var row = await command.ExecuteReaderAsync(CommandBehavior.SingleRow, cancellationToken);
        return await row.ReadAsync(cancellationToken)
            ? new ExternalAccount(row.GetInt64(0), row.GetBoolean(1), (UserRole)row.GetInt16(2), row.GetInt32(3), row.GetBoolean(4), row.GetBoolean(5))
            : null;
    }
}
