using IdentityHost.Data;
using Microsoft.Extensions.Options;

namespace IdentityHost.Users.Passwords;

/// <summary>The password that an account begins with which somebody else makes.</summary>
/// <param name="Text">To hash; <see cref="ToString"/> does not tell it.</param>
/// <param name="Shared">It is the operator's one for everybody, which the answer does not repeat.</param>
internal readonly record struct NewInitialPassword(string Text, bool Shared)
{
    public override string ToString() => "initial password";
}

/// <summary>
/// Chooses what an account begins with: random and its own. Only where the operator says so twice it is the one for everybody that seed 001 knows,
/// <c>SYSTEM_USER_PASSWORD</c>; a start with the first half of that says that it is ignored.
/// </summary>
internal sealed class InitialPassword(
    PasswordPolicy policy, IConfiguration configuration, IOptions<PasswordsOptions> options, ILogger<InitialPassword> logger) : IStartupStep
{
    const string SharedKey = "SYSTEM_USER_PASSWORD";

    /// <exception cref="InvalidOperationException">The shared password is none that the policy allows; the message says why, and not what it is.</exception>
    public Task RunAsync(CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(configuration[SharedKey]))
            return Task.CompletedTask;
        if (Shared is not { } shared)
            logger.LogWarning("SYSTEM_USER_PASSWORD is ignored: one password for everybody is no password. Unset it, or set Passwords:AllowSharedInitialPassword=true");
        else if (policy.Check(shared, username: null, email: null) is not PasswordFlaw.None and var flaw)
            throw new InvalidOperationException($"SYSTEM_USER_PASSWORD is refused by the policy of passwords ({flaw}). Choose another, or unset it: then everybody gets one of their own.");
        else
            logger.LogWarning("SYSTEM_USER_PASSWORD opens every account that an admin makes until its person has signed in, for {Days} days", (int)GeneratedPassword.Lifetime.TotalDays);
        return Task.CompletedTask;
    }

    /// <summary>For an account that somebody makes: the shared one where it is allowed and does for this person, else one of its own.</summary>
    public NewInitialPassword For(string username, string email) =>
        Shared is { } shared && policy.Check(shared, username, email) == PasswordFlaw.None
            ? new NewInitialPassword(shared, Shared: true)
            : new NewInitialPassword(Own(username, email), Shared: false);

    /// <summary>Always one of its own: whoever had the account's password must not guess the next.</summary>
    public string Own(string username, string? email)
    {
        string password;
        do
            password = GeneratedPassword.New(policy.MinimumLength);
        while (policy.Check(password, username, email) != PasswordFlaw.None);
        return password;
    }

    string? Shared => options.Value.AllowSharedInitialPassword && configuration[SharedKey] is { Length: > 0 } shared ? shared : null;
}
