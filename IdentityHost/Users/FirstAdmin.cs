using IdentityHost.Audit;
using IdentityHost.Data;
using IdentityHost.Data.Entities;
using IdentityHost.Users.Passwords;
using Microsoft.EntityFrameworkCore;

namespace IdentityHost.Users;

/// <summary>The name and password of the admin that this start made.</summary>
internal sealed record GeneratedAdmin(string Username, string Password);

/// <summary>
/// Somebody has to be the first. Outside Development only who the operator names; there is no default password anywhere. Runs under the start-up
/// lock, so nodes that start together make one.
/// </summary>
internal sealed class FirstAdmin(
    IServiceScopeFactory scopes,
    IConfiguration configuration,
    IHostEnvironment environment,
    InitialPassword initial,
    ILogger<FirstAdmin> logger) : IStartupStep
{
    const string DefaultUsername = "admin";

    /// <summary>For the start-up text; null unless this start of this node made an admin with a password of its own choosing.</summary>
    public GeneratedAdmin? Generated { get; private set; }

    /// <exception cref="InvalidOperationException">The settings name an admin that cannot be; the message says which and why.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var context = scope.ServiceProvider.GetRequiredService<HostDbContext>();
        if (await context.Users.AnyAsync(u => u.Role == UserRole.Admin, cancellationToken))
            return;

        var email = Setting("SEED_ADMIN_EMAIL");
        var username = Setting("SEED_ADMIN_USERNAME") ?? DefaultUsername;
        var password = Setting("SEED_ADMIN_PASSWORD");
        if (!environment.IsDevelopment() && (email is null || password is null))
        {
            logger.LogWarning("There is no admin. To make one, set SEED_ADMIN_EMAIL and SEED_ADMIN_PASSWORD (and SEED_ADMIN_USERNAME, default {Default}) and start again", DefaultUsername);
            return;
        }
        await CreateAsync(scope.ServiceProvider.GetRequiredService<Accounts>(), username, email, password, cancellationToken);
    }

    async Task CreateAsync(Accounts accounts, string username, string? email, string? given, CancellationToken cancellationToken)
    {
        var password = given ?? initial.Own(username, email);
        // A generated password is one of the system, but it need not be changed first: the start prints a curl with it that has to work as printed.
        var origin = given is null ? PasswordOrigin.System : PasswordOrigin.User;
        var (user, refusal) = await accounts.CreateAsync(
            new Registration(username, password, email), UserRole.Admin, origin, AuditKinds.UserCreated, new Actor(null, null, null), cancellationToken);
        if (user is null)
            throw new InvalidOperationException(
                $"The first admin cannot be made: {refusal!.Code}. Change {Culprit(refusal.Code)} and start again.");
        if (given is null)
            Generated = new GeneratedAdmin(username, password);
        logger.LogInformation("Made the first admin, {Username}", username);
    }

    static string Culprit(string code) => code switch
    {
        "invalid_email" or "email_taken" => "SEED_ADMIN_EMAIL",
        "invalid_username" or "username_taken" => "SEED_ADMIN_USERNAME",
        _ => "SEED_ADMIN_PASSWORD",
    };

    string? Setting(string key) => configuration[key] is { Length: > 0 } value ? value : null;
}
