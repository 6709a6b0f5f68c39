using IdentityHost.Data;
using IdentityHost.Protocol;
using IdentityHost.Protocol.Clients;
using IdentityHost.Protocol.Endpoints;
using IdentityHost.Users;
using IdentityHost.Users.Api;
using IdentityHost.Users.Links;
using Npgsql;

namespace IdentityHost.SignIn.Browser;

/// <summary>
/// A person changes their own e-mail. The cookie is not enough for that, since it may be somebody else's hand on an unlocked laptop: the password is
/// asked for, by the one door, with its limits.
/// </summary>
internal sealed class OwnEmail(Authenticate authenticate, EmailChange change, NpgsqlDataSource database)
{
    static readonly TimeSpan DefaultWait = TimeSpan.FromSeconds(1);

    /// <param name="context">The request.</param>
    /// <param name="person">Who is signed in.</param>
    /// <param name="email">The new address, as typed.</param>
    /// <param name="password">Their password, as typed.</param>
    /// <returns>Null when the mails are on their way.</returns>
    public async Task<ApiError?> AskAsync(HttpContext context, BrowserPerson person, string? email, string? password)
    {
        if (AccountRules.Email(email ?? "") is { } malformed)
            return malformed;
        if (string.IsNullOrEmpty(password))
            return ApiErrors.InvalidRequest.For("password", "field_required", "password");
        var origin = RequestOrigin.Address(context);
        var batch = new WriteBatch();
        var verdict = await authenticate.PasswordAsync(
            new PasswordCredentials(person.Username, password, null, DeclaredApplications.BuiltIn, origin, RequestOrigin.UserAgent(context)),
            batch,
            context.RequestAborted);
        // Frees the slot of the attempt, whatever follows.
        await batch.ExecuteAsync(database, CancellationToken.None);
        if (verdict.Person is not { } proved || proved.Id != person.UserId)
        {
            return verdict.Refusal switch
            {
                SubjectRefusal.TooManyAttempts => ApiErrors.TooManyRequests(verdict.RetryAfter ?? DefaultWait),
                SubjectRefusal.Busy => ApiErrors.Unavailable(verdict.RetryAfter ?? DefaultWait),
                _ => ApiErrors.InvalidCredentials.For("password", "invalid_credentials"),
            };
        }
        var address = EmailAddress.Canonical(email!)!;
        if (address == proved.Email)
            return ApiErrors.InvalidEmail.For("email", "email_same");
        return await change.AskAsync(proved.Id, proved.UserName, proved.Epoch, address, origin)
            ? null
            : ApiErrors.TooManyRequests(TimeSpan.FromHours(1)) with { Message = "too_many_mails" };
    }
}
