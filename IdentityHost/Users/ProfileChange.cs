using IdentityHost.Data;
using IdentityHost.Users.Api;
using Microsoft.EntityFrameworkCore;

namespace IdentityHost.Users;

/// <summary>A new value for a member, which may be none; where the whole is null, the member stays.</summary>
internal readonly record struct Edit<T>(T Value);

/// <summary>What an account shall say of its person from now on. Members that are not named stay as they are.</summary>
internal sealed record ProfileChange
{
    public Edit<string?>? Username { get; init; }

    public Edit<string?>? Email { get; init; }

    public Edit<string?>? Name { get; init; }

    /// <summary>Kilograms; one decimal is kept.</summary>
    public Edit<decimal?>? Weight { get; init; }

    /// <summary>Centimetres; one decimal is kept.</summary>
    public Edit<decimal?>? Height { get; init; }

    public bool IsEmpty => this == new ProfileChange();

    /// <summary>Null or what is wrong, every member of it. Only the username cannot be taken away.</summary>
    public ApiError? Check() => AccountRules.Together(
        Username is { } username ? AccountRules.Username(username.Value) : null,
        Email is { Value: { } email } ? AccountRules.Email(email) : null,
        Name is { Value: { } name } ? AccountRules.Name(name) : null,
        AccountRules.Weight(Weight?.Value),
        AccountRules.Height(Height?.Value));

    /// <summary>
    /// Writes it, once checked. An address that changes is nobody's proven one any more (Google sign-ins are linked by proven ones), and the one that
    /// somebody asked for before waits no longer: who had the account for an hour must not get it back by an old link.
    /// </summary>
    /// <exception cref="Npgsql.PostgresException">The username or the e-mail is somebody else's: the index decides, not a look-up before.</exception>
    public Task<int> WriteAsync(HostDbContext context, long id, CancellationToken cancellationToken)
    {
        var email = Email?.Value is { } address ? EmailAddress.Canonical(address) : null;
        return context.Database.ExecuteSqlAsync(
            $"""
            UPDATE users SET
                user_name = coalesce({Username?.Value}, user_name),
                normalized_user_name = coalesce({Normalized(Username?.Value)}, normalized_user_name),
                email = CASE WHEN {Email is not null} THEN {email} ELSE email END,
                normalized_email = CASE WHEN {Email is not null} THEN {Normalized(email)} ELSE normalized_email END,
                pending_email = CASE WHEN {Email is not null} THEN NULL ELSE pending_email END,
                email_confirmed = email_confirmed AND ({Email is null} OR coalesce(normalized_email = {Normalized(email)}, false)),
                name = CASE WHEN {Name is not null} THEN {Name?.Value} ELSE name END,
                weight = CASE WHEN {Weight is not null} THEN {AccountRules.OneDecimal(Weight?.Value)} ELSE weight END,
                height = CASE WHEN {Height is not null} THEN {AccountRules.OneDecimal(Height?.Value)} ELSE height END,
                version = version + 1, updated_at = identity_now()
            WHERE id = {id}
            """,
            cancellationToken);
    }

    /// <summary>As Identity's own normalizer, which the rest of the accounts uses.</summary>
    static string? Normalized(string? text) => text?.Normalize().ToUpperInvariant();
}
