using IdentityHost.Audit;
using IdentityHost.Data;
using IdentityHost.Data.Entities;
using IdentityHost.Limits;
using IdentityHost.Users.Api;
using IdentityHost.Users.Links;
using IdentityHost.Users.Passwords;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;

namespace IdentityHost.Users;

/// <summary>What a person tells about themself when they register; everything but the first two is optional.</summary>
internal sealed record Registration(
    string? Username, string? Password, string? Email = null, string? Name = null, decimal? Weight = null, decimal? Height = null);

/// <summary>Who does something to an account, for the checks and the audit.</summary>
/// <param name="UserId">The person; null for a client of its own, the system, or somebody not signed in.</param>
/// <param name="ClientId">The application they use.</param>
/// <param name="Address">Where they are.</param>
internal sealed record Actor(long? UserId, string? ClientId, string? Address);

/// <summary>Makes accounts. Reading them is <see cref="UserReads"/>'s; what ends one is in <see cref="AccountCommands"/>.</summary>
internal sealed class Accounts(
    HostDbContext context, UserManager<User> users, PasswordPolicy policy, PasswordHashing hashing, LinkMail mail, AnonymousLimits limits, IOptions<UsersOptions> options)
{
    /// <summary>Registers a person with the role USER. An address that they give is theirs when they confirm it, by the link that is mailed to it.</summary>
    /// <returns>The new user, or the error to answer: a refused member, <c>username_taken</c>, <c>email_taken</c>, <c>too_many_requests</c>.</returns>
    /// <exception cref="HashingQueueFullException">Too many passwords wait to be hashed.</exception>
    public async Task<(User? User, ApiError? Error)> RegisterAsync(Registration registration, Actor actor, CancellationToken cancellationToken)
    {
        if (Check(registration, emailRequired: options.Value.RequireConfirmedEmail) is { } refusal)
            return (null, refusal);
        // What is refused above costs nothing and tells nothing; from here on there is a hash to pay for, and a taken name to hear of.
        if (await limits.RegisterAsync(actor.Address, cancellationToken) is { } wait)
            return (null, ApiErrors.TooManyRequests(wait));
        return await CreateAsync(registration, UserRole.User, PasswordOrigin.User, AuditKinds.UserRegistered, actor, cancellationToken);
    }

    /// <summary>Makes an account of any role; whoever calls it has the right to. An admin's address is the operator's word, and needs no link.</summary>
    /// <returns>The new user, or the error to answer.</returns>
    /// <exception cref="HashingQueueFullException">Too many passwords wait to be hashed.</exception>
    public async Task<(User? User, ApiError? Error)> CreateAsync(
        Registration registration, UserRole role, PasswordOrigin origin, string auditKind, Actor actor, CancellationToken cancellationToken)
    {
        if (Check(registration, emailRequired: role != UserRole.Admin && options.Value.RequireConfirmedEmail) is { } refusal)
            return (null, refusal);
        var user = new User
        {
            UserName = registration.Username,
            Email = registration.Email is null ? null : EmailAddress.Canonical(registration.Email),
            EmailConfirmed = registration.Email is not null && role == UserRole.Admin,
            Name = registration.Name,
            Weight = AccountRules.OneDecimal(registration.Weight),
            Height = AccountRules.OneDecimal(registration.Height),
            Role = role,
            PasswordOrigin = origin,
            PasswordHash = await hashing.HashAsync(registration.Password!, cancellationToken),
        };
        return await AddAsync(user, auditKind, actor, actorManages: false, cancellationToken) is { } taken ? (null, taken) : (user, null);
    }

    /// <summary>Writes a new account whose members have been checked, its audit event, and the mail to prove its address by, all or nothing.</summary>
    /// <param name="user">Gets its id.</param>
    /// <param name="auditKind">What the audit calls it.</param>
    /// <param name="actor">Who does it.</param>
    /// <param name="actorManages">Whether the actor does it by the right to manage users: a person must then be an active admin at the commit.</param>
    /// <param name="cancellationToken">Ends it unless it has committed.</param>
    /// <returns>Null when done; <c>username_taken</c>, <c>email_taken</c>, <c>admin_required</c>.</returns>
    public async Task<ApiError?> AddAsync(User user, string auditKind, Actor actor, bool actorManages, CancellationToken cancellationToken)
    {
        try
        {
            await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
            if (actorManages && actor.UserId is { } actorId && !await IsAdminUntilCommitAsync(actorId, cancellationToken))
                return ApiErrors.AdminRequired;
            var created = await users.CreateAsync(user);
            if (!created.Succeeded)
                throw new InvalidOperationException($"Identity refused what the rules allow: {created}");
            context.AddAudit(new AuditEvent
            {
                Kind = auditKind,
                ActorId = actor.UserId,
                SubjectId = user.Id,
                ClientId = actor.ClientId,
                Address = actor.Address,
            });
            if (!user.EmailConfirmed)
                mail.AddConfirmation(context, user);
            await context.SaveChangesAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return null;
        }
        catch (DbUpdateException e) when (e.InnerException is PostgresException violation && Taken(violation) is { } taken)
        {
            // The index decides, not a look-up before: of fifty registrations at once exactly one wins.
            context.ChangeTracker.Clear();
            return taken;
        }
    }

    /// <summary>The username of the oldest active admin, to greet the operator with; null if there is none.</summary>
    public Task<string?> FirstAdminNameAsync(CancellationToken cancellationToken) =>
        context.Users.Where(u => u.Role == UserRole.Admin && u.Status).OrderBy(u => u.Id).Select(u => u.UserName).FirstOrDefaultAsync(cancellationToken);

    /// <summary>Whoever takes the role or the account away waits until this transaction has ended.</summary>
    async Task<bool> IsAdminUntilCommitAsync(long id, CancellationToken cancellationToken) =>
        (await context.Database.SqlQuery<long>(
            $"""SELECT id AS "Value" FROM users WHERE id = {id} AND role = {(short)UserRole.Admin} AND status FOR SHARE""").ToListAsync(cancellationToken)).Count > 0;

    ApiError? Check(Registration registration, bool emailRequired) => AccountRules.Together(
        AccountRules.Username(registration.Username),
        AccountRules.Password(policy, registration.Password, registration.Username, registration.Email),
        registration.Email is not null ? AccountRules.Email(registration.Email)
            : emailRequired ? ApiErrors.InvalidEmail.For("email", "field_required", "email")
            : null,
        registration.Name is null ? null : AccountRules.Name(registration.Name),
        AccountRules.Weight(registration.Weight),
        AccountRules.Height(registration.Height));

    /// <summary>The error for a name or address that is somebody else's, where that is what the database refused.</summary>
    public static ApiError? Taken(PostgresException violation) =>
        violation.SqlState != PostgresErrorCodes.UniqueViolation ? null : violation.ConstraintName switch
        {
            "ix_users_normalized_user_name" => ApiErrors.UsernameTaken,
            "ix_users_normalized_email" => ApiErrors.EmailTaken,
            _ => null,
        };
}
