using IdentityHost.Audit;
using IdentityHost.Data.Entities;
using IdentityHost.Users.Api;
using IdentityHost.Users.Passwords;

namespace IdentityHost.Users;

/// <summary>What somebody who manages users tells about a person they make an account for; there is no password in it.</summary>
/// <param name="Username">Null to have one made from the address.</param>
/// <param name="Status">False for somebody who may not sign in yet.</param>
internal sealed record NewAccount(string? Username, string Email, string Name, UserRole Role, bool Status);

/// <summary>An account that was made.</summary>
/// <param name="Password">To be shown to the caller, this once; null where it is the shared one, which the operator knows.</param>
internal sealed record MadeAccount(User User, string? Password)
{
    /// <summary>Without the password.</summary>
    public override string ToString() => $"account {User.Id}";
}

/// <summary>
/// Makes accounts for other people, with a password of the system's making: it opens the account for a week, and only to choose another. The address
/// is not proved by that; its owner gets the link to do so.
/// </summary>
internal sealed class AccountsForOthers(Accounts accounts, InitialPassword initial, PasswordHashing hashing, TimeProvider clock)
{
    const int MostNames = 8;

    /// <returns>The account, or the error to answer: a refused member, <c>username_taken</c>, <c>email_taken</c>, <c>admin_required</c>.</returns>
    /// <exception cref="HashingQueueFullException">Too many passwords wait to be hashed.</exception>
    public async Task<(MadeAccount? Made, ApiError? Error)> CreateAsync(NewAccount wish, Actor actor, CancellationToken cancellationToken)
    {
        if (Check(wish) is { } refusal)
            return (null, refusal);
        var email = EmailAddress.Canonical(wish.Email)!;
        var username = wish.Username ?? UsernameOfEmail.Candidate(email, attempt: 0);
        var password = initial.For(username, email);
        var hash = await hashing.HashAsync(password.Text, cancellationToken);
        for (var attempt = 1; ; attempt++)
        {
            var user = new User
            {
                UserName = username,
                Email = email,
                Name = wish.Name,
                Role = wish.Role,
                Status = wish.Status,
                PasswordOrigin = PasswordOrigin.System,
                PasswordHash = hash,
                PasswordExpiresAt = clock.GetUtcNow() + GeneratedPassword.Lifetime,
                MustChangePassword = true,
            };
            var error = await accounts.AddAsync(user, AuditKinds.UserCreated, actor, actorManages: true, cancellationToken);
            if (error is null)
                return (new MadeAccount(user, password.Shared ? null : password.Text), null);
            // A name that the caller chose is theirs to choose again.
            if (error.Code != "username_taken" || wish.Username is not null || attempt == MostNames)
                return (null, error);
            username = UsernameOfEmail.Candidate(email, attempt);
        }
    }

    static ApiError? Check(NewAccount wish) => AccountRules.Together(
        wish.Username is null ? null : AccountRules.Username(wish.Username),
        wish.Email.Length == 0 ? ApiErrors.InvalidEmail.For("email", "field_required", "email") : AccountRules.Email(wish.Email),
        wish.Name.Length == 0 ? ApiErrors.InvalidName.For("name", "field_required", "name") : AccountRules.Name(wish.Name));
}
