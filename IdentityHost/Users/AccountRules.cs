using System.Globalization;
using IdentityHost.Data.Entities;
using IdentityHost.Users.Api;
using IdentityHost.Users.Passwords;
using Microsoft.AspNetCore.Identity;

namespace IdentityHost.Users;

/// <summary>What each member of an account must be. Every answer is null or the error to give.</summary>
internal static class AccountRules
{
    /// <summary>3 to 64 ASCII letters, digits, <c>. _ -</c>: no look-alike, full-width or combining spelling of a name exists.</summary>
    public static ApiError? Username(string? username) => username switch
    {
        null or "" => ApiErrors.InvalidUsername.For("username", "field_required", "username"),
        { Length: < 3 or > 64 } => ApiErrors.InvalidUsername.For("username", "username_rules"),
        _ when username.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-') => null,
        _ => ApiErrors.InvalidUsername.For("username", "username_rules"),
    };

    public static ApiError? Email(string email) =>
        EmailAddress.Canonical(email) is null ? ApiErrors.InvalidEmail.For("email", "email_rules") : null;

    /// <summary>1 to 100 code points, not blank, no control characters.</summary>
    public static ApiError? Name(string name) =>
        string.IsNullOrWhiteSpace(name) || name.EnumerateRunes().Count() > 100 || name.Any(char.IsControl)
            ? ApiErrors.InvalidName.For("name", "name_rules")
            : null;

    public static ApiError? Weight(decimal? kilograms) =>
        OneDecimal(kilograms) is null or (>= 0.1m and <= 1000m) ? null : ApiErrors.InvalidWeight.For("weight", "weight_rules");

    public static ApiError? Height(decimal? centimetres) =>
        OneDecimal(centimetres) is null or (>= 1m and <= 300m) ? null : ApiErrors.InvalidHeight.For("height", "height_rules");

    public static decimal? OneDecimal(decimal? value) =>
        value is { } number ? decimal.Round(number, 1, MidpointRounding.AwayFromZero) : null;

    public static ApiError? Password(PasswordPolicy policy, string? password, string? username, string? email)
    {
        if (string.IsNullOrEmpty(password))
            return ApiErrors.WeakPassword.For("password", "field_required", "password");
        return policy.Check(password, username, email) switch
        {
            PasswordFlaw.None => null,
            PasswordFlaw.TooShort => ApiErrors.WeakPassword.For("password", "password_short", Text(policy.MinimumLength)),
            PasswordFlaw.TooLong => ApiErrors.WeakPassword.For("password", "password_long", Text(policy.MaximumLength)),
            PasswordFlaw.Common => ApiErrors.WeakPassword.For("password", "password_common"),
            PasswordFlaw.BuiltFromName => ApiErrors.WeakPassword.For("password", "password_built"),
            _ => ApiErrors.WeakPassword.For("password", "password_malformed"),
        };
    }

    /// <summary>One error of several: the code of the first, the members of all.</summary>
    public static ApiError? Together(params ReadOnlySpan<ApiError?> errors)
    {
        ApiError? first = null;
        foreach (var error in errors)
        {
            if (error is not null)
                first = first is null ? error : first with { Fields = [.. first.Fields, .. error.Fields] };
        }
        return first;
    }

    static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>
/// The same rules where Identity asks them, in place of its own validator, which would look names up before the insert: a race decides that, so
/// the unique indexes do.
/// </summary>
internal sealed class AccountValidator : IUserValidator<User>
{
    public Task<IdentityResult> ValidateAsync(UserManager<User> manager, User user)
    {
        var error = AccountRules.Together(
            AccountRules.Username(user.UserName),
            user.Email is null ? null : AccountRules.Email(user.Email),
            user.Name is null ? null : AccountRules.Name(user.Name));
        return Task.FromResult(error is null ? IdentityResult.Success : IdentityResult.Failed(new IdentityError { Code = error.Code, Description = error.Code }));
    }
}
