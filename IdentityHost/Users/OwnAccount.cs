using IdentityHost.Audit;
using IdentityHost.Data;
using IdentityHost.Limits;
using IdentityHost.Users.Api;
using IdentityHost.Users.Links;
using IdentityHost.Users.Passwords;
using IdentityHost.Users.Pictures;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.Options;
using Npgsql;

namespace IdentityHost.Users;

/// <summary>What somebody changes of their own account in one go.</summary>
internal sealed record OwnChange
{
    public ProfileChange Profile { get; init; } = new();

    /// <summary>A new picture, or none from now on.</summary>
    public Edit<CleanPicture?>? Picture { get; init; }

    public PasswordReplacement? Password { get; init; }
}

/// <summary>People's changes to their own account. All of one request stand or none, and a new e-mail waits until it is confirmed.</summary>
internal sealed class OwnAccount(
    HostDbContext context, AccountTransaction transaction, EmailChange emails, OwnPasswordChange passwords, Blocks blocks, FailureCounters counters, IOptions<UsersOptions> options)
{
    static readonly TimeSpan MailPause = TimeSpan.FromHours(1);

    /// <param name="id">Who they are.</param>
    /// <param name="change">What they want; it has been checked.</param>
    /// <param name="actor">The same person.</param>
    /// <param name="condition">The version they have seen, if they sent one.</param>
    /// <param name="cancellationToken">Ends it unless it has committed.</param>
    /// <returns>
    /// Null when done; <c>username_taken</c>, <c>email_taken</c>, <c>invalid_credentials</c> where the password was changed meanwhile,
    /// <c>too_many_requests</c> where too many mails were asked for, <c>precondition_failed</c>.
    /// </returns>
    public Task<ApiError?> ChangeAsync(long id, OwnChange change, Actor actor, VersionCondition condition, CancellationToken cancellationToken) =>
        transaction.RunAsync(id, actor, ownToo: true, condition, target => WriteAsync(target, change, actor, cancellationToken), cancellationToken);

    async Task<ApiError?> WriteAsync(LockedUser target, OwnChange change, Actor actor, CancellationToken cancellationToken)
    {
        var current = await context.Users.AsNoTracking().Where(u => u.Id == target.Id)
            .Select(u => new { u.UserName, u.Email }).FirstAsync(cancellationToken);
        var profile = change.Profile;
        string? wanted = null;
        if (profile.Email is { } email)
        {
            if (email.Value is { } text)
            {
                var canonical = EmailAddress.Canonical(text);
                // In another case it is the same mailbox, and needs no proof.
                if (!string.Equals(canonical, current.Email, StringComparison.OrdinalIgnoreCase))
                    (wanted, profile) = (canonical, profile with { Email = null });
                else if (canonical == current.Email)
                    profile = profile with { Email = null };
            }
            else if (options.Value.RequireConfirmedEmail)
            {
                return ApiErrors.InvalidEmail.For("email", "field_required", "email");
            }
            // They want another one than the one that waits, or to keep what they have.
            if (wanted is null)
            {
                await context.Database.ExecuteSqlAsync(
                    $"""
                    UPDATE users SET pending_email = NULL, version = version + 1, updated_at = identity_now()
                    WHERE id = {target.Id} AND pending_email IS NOT NULL
                    """,
                    cancellationToken);
            }
        }
        if (wanted is not null && await IsTakenAsync(wanted, target.Id, cancellationToken))
            return await TellTakenAsync(target.Id, actor, cancellationToken);
        if (!profile.IsEmpty || change.Picture is not null)
        {
            try
            {
                await profile.WriteAsync(context, target.Id, cancellationToken);
            }
            catch (PostgresException e) when (Accounts.Taken(e) is { } taken)
            {
                return taken;
            }
            if (change.Picture is { } picture)
                await PictureStore.WriteAsync(context, target.Id, picture.Value, cancellationToken);
            transaction.Tell(AuditKinds.UserUpdated, target.Id, actor);
        }
        if (change.Password is { } password)
        {
            if (!await passwords.WriteAsync(context, target.Id, password, cancellationToken))
                return ApiErrors.InvalidCredentials.For("old_password", "invalid_credentials");
            transaction.Tell(AuditKinds.PasswordChanged, target.Id, actor);
        }
        if (wanted is null)
            return null;
        var within = (NpgsqlTransaction)context.Database.CurrentTransaction!.GetDbTransaction();
        return await emails.AskAsync(within, target.Id, current.UserName!, target.Epoch, wanted, actor.Address ?? "local", cancellationToken)
            ? null
            : ApiErrors.TooManyRequests(MailPause) with { Message = "too_many_mails" };
    }

    /// <summary>
    /// Registration says the same to whoever asks (the seeds want it), and it is counted. Another who confirms the address first still wins by the index,
    /// when this person confirms it.
    /// </summary>
    async Task<ApiError> TellTakenAsync(long id, Actor actor, CancellationToken cancellationToken)
    {
        var source = FailureSource.OfTakenEmails(id);
        if (await blocks.BlockedForAsync(cancellationToken, source) is { } wait)
            return ApiErrors.TooManyRequests(wait);
        return await counters.CountAsync(source, actor.Address ?? "local", actor.ClientId) is { } late ? ApiErrors.TooManyRequests(late) : ApiErrors.EmailTaken;
    }

    Task<bool> IsTakenAsync(string email, long id, CancellationToken cancellationToken)
    {
        var normalized = email.ToUpperInvariant();
        return context.Users.AnyAsync(u => u.NormalizedEmail == normalized && u.Id != id, cancellationToken);
    }
}
