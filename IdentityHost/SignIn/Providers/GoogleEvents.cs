using IdentityHost.SignIn.Browser;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OAuth;

namespace IdentityHost.SignIn.Providers;

/// <summary>
/// What happens when somebody comes back from Google. Every end is a redirect: to where they were going, to the page that asks for a password, or to
/// the page they came from with a plain sentence. Nothing that Google does becomes an error of ours.
/// </summary>
/// <remarks>One for all requests, and nearly empty: the framework makes the handler for each request of the host, whatever its path.</remarks>
internal sealed partial class GoogleEvents(ILogger<Google> logger) : OAuthEvents
{
    public override async Task TicketReceived(TicketReceivedContext context)
    {
        var properties = context.Properties!;
        string location;
        try
        {
            var arrival = context.HttpContext.RequestServices.GetRequiredService<GoogleArrival>();
            location = await arrival.CompleteAsync(context.HttpContext, properties, Google.IdentityOf(properties));
        }
        catch (Exception e) when (!context.HttpContext.RequestAborted.IsCancellationRequested)
        {
            Failed(logger, e);
            location = Problem(properties, External.ExternalProblems.Unavailable);
        }
        context.HandleResponse();
        Redirect(context.HttpContext, location);
    }

    public override Task AccessDenied(AccessDeniedContext context)
    {
        context.HandleResponse();
        Redirect(context.HttpContext, Problem(context.Properties, External.ExternalProblems.Cancelled));
        return Task.CompletedTask;
    }

    public override Task RemoteFailure(RemoteFailureContext context)
    {
        var problem = context.Failure switch
        {
            GoogleFailure failure => failure.Problem,
            // The framework has no type of its own for a state that was not sealed here; there is nothing in it then.
            AuthenticationFailureException when context.Properties is null => External.ExternalProblems.State,
            _ => External.ExternalProblems.Unavailable,
        };
        // By its type alone: the message of another exception may hold what somebody sent.
        Refused(logger, problem, context.Failure is GoogleFailure told ? told.Message : context.Failure?.GetType().Name ?? "none");
        context.HandleResponse();
        Redirect(context.HttpContext, Problem(context.Properties, problem));
        return Task.CompletedTask;
    }

    /// <summary>The page somebody came from, with the text of what went wrong.</summary>
    public static string Problem(AuthenticationProperties? properties, string problem)
    {
        if (GoogleSignIn.IsLink(properties))
            return "/account" + QueryString.Create("problem", problem);
        var query = QueryString.Create("problem", problem);
        return BrowserSession.SignInPath + (GoogleSignIn.ReturnToOf(properties) is { } returnTo ? query.Add("return_to", returnTo) : query);
    }

    static void Redirect(HttpContext context, string path)
    {
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Redirect(context.Request.PathBase + path);
    }

    [LoggerMessage(4002, LogLevel.Information, "A sign-in at Google came to nothing ({Problem}): {Reason}")]
    static partial void Refused(ILogger logger, string problem, string reason);

    [LoggerMessage(4003, LogLevel.Error, "Somebody came back from Google and could not be signed in")]
    static partial void Failed(ILogger logger, Exception exception);
}
