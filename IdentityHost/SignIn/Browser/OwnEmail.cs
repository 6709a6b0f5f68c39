using IdentityHost.Protocol.Endpoints;
using IdentityHost.Users;
using IdentityHost.Users.Api;
using IdentityHost.Users.Links;

namespace IdentityHost.SignIn.Browser;

/// <summary>
/// A person changes their own e-mail. The cookie is not enough for that, since it may be somebody else's hand on an unlocked laptop: the password is
/// asked for, by the one door, with its limits.
/// </summary>
internal sealed class OwnEmail(OwnPassword password, EmailChange change)
{
    /// <param name="context">The request.</param>
    /// <param name="person">Who is signed in.</param>
    /// <param name="email">The new address, as typed.</param>
    /// <param name="typed">Their password, as typed.</param>
    /// <returns>Null when the mails are on their way.</returns>
    public async Task<ApiError?> AskAsync(HttpContext context, BrowserPerson person, string? email, string? typed)
    {
        if (AccountRules.Email(email ?? "") is { } malformed)
            return malformed;
        var (proved, refusal) = await password.ProveAsync(context, person.UserId, person.Username, typed, "password");
        if (proved is null)
            return refusal;
        var address = EmailAddress.Canonical(email!)!;
        if (address == proved.Email)
            return ApiErrors.InvalidEmail.For("email", "email_same");
        return await change.AskAsync(proved.Id, proved.UserName, proved.Epoch, address, RequestOrigin.Address(context))
            ? null
            : ApiErrors.TooManyRequests(TimeSpan.FromHours(1)) with { Message = "too_many_mails" };
    }
}
