using IdentityHost.Audit;
using IdentityHost.Data;
using IdentityHost.Users.Api;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace IdentityHost.Users;

/// <summary>What people tell about themselves that applications may be told, each null where they do not.</summary>
/// <param name="Name">What they want to be called.</param>
/// <param name="PhoneNumber">As they typed it; it is not checked.</param>
/// <param name="Address">The postal address, with its lines.</param>
internal sealed record PersonalDetails(string? Name, string? PhoneNumber, string? Address)
{
    const int LongestPhoneNumber = 32;
    const int FewestDigits = 5;
    const int LongestAddress = 500;

    /// <summary>As typed into a form: an empty field is none, and lines end as the database has them.</summary>
    public static PersonalDetails Typed(string? name, string? phoneNumber, string? address)
    {
        return new PersonalDetails(Text(name), Text(phoneNumber), Text(address?.ReplaceLineEndings("\n")));

        static string? Text(string? typed) => string.IsNullOrWhiteSpace(typed) ? null : typed.Trim();
    }

    /// <summary>Null or what is wrong, every member of it.</summary>
    public ApiError? Check() => AccountRules.Together(
        Name is null ? null : AccountRules.Name(Name),
        PhoneNumber is null || IsPhoneNumber(PhoneNumber) ? null : ApiErrors.InvalidRequest.For("phone_number", "phone_number_rules"),
        Address is null || IsAddress(Address) ? null : ApiErrors.InvalidRequest.For("address", "address_rules"));

    /// <summary>Digits with what people group them by, after a + or not (ITU-T E.123).</summary>
    static bool IsPhoneNumber(string text) =>
        text.Length <= LongestPhoneNumber
        && text.Count(char.IsAsciiDigit) >= FewestDigits
        && text.LastIndexOf('+') <= 0
        && text.All(c => char.IsAsciiDigit(c) || c is '+' or ' ' or '-' or '.' or '/' or '(' or ')');

    static bool IsAddress(string text) => text.Length <= LongestAddress && text.All(c => c == '\n' || !char.IsControl(c));
}

/// <summary>A person reads and changes their <see cref="PersonalDetails"/>.</summary>
internal sealed class OwnProfile(HostDbContext context, AccountTransaction transaction, NpgsqlDataSource database)
{
    /// <summary>Nothing of a person who is gone.</summary>
    public async Task<PersonalDetails> ReadAsync(long userId, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("SELECT name, phone_number, address FROM users WHERE id = $1");
        command.Parameters.Add(Sql.Value(userId));
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        return await row.ReadAsync(cancellationToken) ? new PersonalDetails(Text(0), Text(1), Text(2)) : new PersonalDetails(null, null, null);

        string? Text(int column) => row.IsDBNull(column) ? null : row.GetString(column);
    }

    /// <summary>Writes all of it. What is as it was already moves no version and is not told.</summary>
    /// <param name="actor">The person.</param>
    /// <param name="details">What the account shall say.</param>
    /// <param name="cancellationToken">Ends it unless it has committed.</param>
    /// <returns>Null when done; what is wrong with the details; <c>admin_required</c> for somebody who was disabled meanwhile.</returns>
    public async Task<ApiError?> ChangeAsync(Actor actor, PersonalDetails details, CancellationToken cancellationToken)
    {
        if (details.Check() is { } malformed)
            return malformed;
        var id = actor.UserId!.Value;
        return await transaction.RunAsync(id, actor, ownToo: true, VersionCondition.None, async _ =>
        {
            var changed = await context.Database.ExecuteSqlAsync(
                $"""
                UPDATE users SET name = {details.Name}, phone_number = {details.PhoneNumber}, address = {details.Address},
                    version = version + 1, updated_at = identity_now()
                WHERE id = {id} AND (name IS DISTINCT FROM {details.Name} OR phone_number IS DISTINCT FROM {details.PhoneNumber}
                    OR address IS DISTINCT FROM {details.Address})
                """,
                cancellationToken);
            if (changed > 0)
                transaction.Tell(AuditKinds.UserUpdated, id, actor);
            return null;
        }, cancellationToken);
    }
}
