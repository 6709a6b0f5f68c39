using IdentityHost.Audit;
using IdentityHost.Data;
using IdentityHost.Data.Entities;
using IdentityHost.Protocol;
using IdentityHost.Users;
using IdentityHost.Users.Passwords;
using Microsoft.Extensions.Options;

namespace IdentityHost.SignIn;

/// <summary>Signs a person in by password: proof, rules of the account, session. Answers the engine's <see cref="ISubjects"/>.</summary>
internal sealed class PasswordSignIn(
    Authenticate authenticate, Sessions sessions, PasswordHashing hashing, PasswordPolicy policy, PasswordChanges changes, IOptions<UsersOptions> users)
    : ISubjects
{
    const string RehashSql = "UPDATE users SET password_hash = $2 WHERE id = $1 AND password_hash = $3";

    public async Task<SubjectResult> AuthenticateAsync(
        PasswordCredentials credentials, Func<UserRole, bool> mayServe, WriteBatch batch, CancellationToken cancellationToken)
    {
        var verdict = await authenticate.PasswordAsync(credentials, batch, cancellationToken);
        if (verdict.Person is not { } person)
            return SubjectResult.Refused(verdict.Refusal!.Value, verdict.RetryAfter);

        // Only after the right password is anything said about the account.
        var refusal = !person.Active ? SubjectRefusal.Disabled
            : users.Value.RequireConfirmedEmail && person is { Email: not null, EmailConfirmed: false } ? SubjectRefusal.EmailNotConfirmed
            : !mayServe(person.Role) ? SubjectRefusal.ScopeNotAllowed
            : person.MustChangePassword && credentials.NewPassword is null ? SubjectRefusal.PasswordChangeRequired
            : credentials.NewPassword is { } wish && !IsAcceptable(wish, credentials.Password, person) ? SubjectRefusal.WeakPassword
            : (SubjectRefusal?)null;
        if (refusal is { } reason)
        {
            batch.AddKeptAudit(new AuditEvent
            {
                Kind = AuditKinds.SignInFailed,
                SubjectId = person.Id,
                ClientId = credentials.ClientId,
                Address = credentials.Address,
                Detail = reason.ToString(),
            });
            return SubjectResult.Refused(reason);
        }

        if (credentials.NewPassword is null)
        {
            if (verdict.Rehash)
                await RehashAsync(person, credentials.Password, batch, cancellationToken);
            return sessions.Add(batch, person, "pwd", credentials);
        }
        string hash;
        try
        {
            hash = await hashing.HashAsync(credentials.NewPassword, cancellationToken);
        }
        catch (HashingQueueFullException full)
        {
            // The verdict stands and frees its slot; only the change has to wait.
            return SubjectResult.Refused(SubjectRefusal.Busy, full.RetryAfter);
        }
        // Ends every other session: whoever else knows the old password is out.
        changes.AddByPassword(
            batch, person.Id, person.PasswordHash!, person.Epoch, hash, new PasswordChangeOrigin(credentials.ClientId, credentials.Address));
        return sessions.Add(batch, person with { Epoch = person.Epoch + 1 }, "pwd", credentials, onlyIfHash: hash);
    }

    bool IsAcceptable(string wish, string current, PersonAtTheDoor person) =>
        wish != current && policy.Check(wish, person.UserName, person.Email) == PasswordFlaw.None;

    /// <summary>Hashes of older parameters are replaced while the password is at hand; another time, if too many passwords wait.</summary>
    async Task RehashAsync(PersonAtTheDoor person, string password, WriteBatch batch, CancellationToken cancellationToken)
    {
        string hash;
        try
        {
            hash = await hashing.HashAsync(password, cancellationToken);
        }
        catch (HashingQueueFullException)
        {
            return;
        }
        batch.Add(RehashSql, Sql.Value(person.Id), Sql.Value(hash), Sql.Value(person.PasswordHash!));
    }
}
