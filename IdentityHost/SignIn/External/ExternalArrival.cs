using IdentityHost.Protocol;
using IdentityHost.SignIn.Browser;

namespace IdentityHost.SignIn.External;

/// <summary>Sends somebody who has just signed in by another provider on to where they were going.</summary>
internal sealed class ExternalArrival(BrowserSignIn signIn, Handoffs handoffs)
{
    /// <summary>The path to go to. A page of this host gets the browser's own session; the users API gets a handoff, and the pages nothing.</summary>
    /// <param name="context">The request that signed in.</param>
    /// <param name="subject">Who.</param>
    /// <param name="returnTo">A path of this host; null for the users API.</param>
    /// <param name="hasCookie">Whether the browser was given the session already.</param>
    public async Task<string> CompleteAsync(HttpContext context, Subject subject, string? returnTo, bool hasCookie = false)
    {
        if (returnTo is null)
            return "/users/current" + QueryString.Create("token", await handoffs.CreateAsync(context, subject));
        if (!hasCookie)
            await signIn.BeginAsync(context, subject);
        return returnTo;
    }
}
