using IdentityHost.Protocol.Endpoints;
using IdentityHost.Users;
using IdentityHost.Users.Api;
using IdentityHost.Users.Links;
using IdentityHost.Users.Passwords;
using Microsoft.Extensions.Options;

namespace IdentityHost.SignIn.Browser;

/// <summary>What came of a sign-up.</summary>
internal enum SignUpOutcome
{
    /// <summary>The account is made and the browser signed in.</summary>
    SignedIn,

    /// <summary>What happens next is in the mail of the address: a link to confirm it, or word that it has an account already.</summary>
    LookInMail,

    /// <summary>Nothing was done.</summary>
    Refused,
}

/// <summary>
/// Registration by the page: the rules of the API, but nobody learns whether an address has an account, since only its owner gets to know. A username
/// that is taken may be told: it is chosen here, and names nobody.
/// </summary>
internal sealed class SignUp(Accounts accounts, UserReads users, LinkMail mail, BrowserSignIn signIn, IOptions<UsersOptions> options)
{
    /// <summary>Whether people may register themselves.</summary>
    public bool IsOpen => options.Value.SelfRegistration;

    /// <param name="context">The request.</param>
    /// <param name="username">The wish.</param>
    /// <param name="email">The wish; the page asks for one, so that a forgotten password can be replaced.</param>
    /// <param name="password">The wish.</param>
    public async Task<(SignUpOutcome Outcome, ApiError? Error)> RegisterAsync(HttpContext context, string? username, string? email, string? password)
    {
        if (!IsOpen)
            return (SignUpOutcome.Refused, ApiErrors.Forbidden with { Message = "registration_closed" });
        var address = RequestOrigin.Address(context);
        ApiError? refusal;
        try
        {
            // An empty address is refused as one that is none, together with whatever else is wrong.
            (_, refusal) = await accounts.RegisterAsync(new Registration(username, password, email ?? ""), new Actor(null, null, address), context.RequestAborted);
        }
        catch (HashingQueueFullException full)
        {
            return (SignUpOutcome.Refused, ApiErrors.Unavailable(full.RetryAfter));
        }
        if (refusal is { Code: "email_taken" })
        {
            // Which of two indexes refuses first must not tell what the other would have said.
            if (await users.HasUsernameAsync(username!, context.RequestAborted))
                return (SignUpOutcome.Refused, ApiErrors.UsernameTaken);
            await mail.TellTakenAsync(email!, address);
            return (SignUpOutcome.LookInMail, null);
        }
        if (refusal is not null)
            return (SignUpOutcome.Refused, refusal);
        if (options.Value.RequireConfirmedEmail)
            return (SignUpOutcome.LookInMail, null);
        // By the one door. Should it be busy, the person signs in by hand.
        var signedIn = await signIn.WithPasswordAsync(context, username!, password!, newPassword: null);
        return (signedIn.Subject is null ? SignUpOutcome.LookInMail : SignUpOutcome.SignedIn, null);
    }
}
