using IdentityHost.Audit;
using IdentityHost.Data;
using IdentityHost.Data.Entities;
using IdentityHost.SignIn.Browser;
using IdentityHost.SignIn.External;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OAuth;
using Microsoft.Extensions.Options;
using Npgsql;

namespace IdentityHost.SignIn.Providers;

/// <summary>
/// What happens when somebody comes back from Google. Every end is a redirect: to where they were going, to the page that asks for a password, or to
/// the page they came from with a plain sentence. Nothing that Google does becomes an error of ours.
/// </summary>
internal sealed partial class GoogleEvents(
    ExternalSignIn external,
    ExternalLinks links,
    ExternalArrival arrival,
    PendingLinks pending,
    PictureFetches pictures,
    NpgsqlDataSource database,
    IOptions<GoogleOptions> options,
    ILogger<Google> logger) : OAuthEvents
{
    const string LinkPage = "/sign-in/link";

    public override async Task TicketReceived(TicketReceivedContext context)
    {
        var properties = context.Properties!;
        string location;
        try
        {
            location = await ArriveAsync(context.HttpContext, properties, Google.IdentityOf(properties));
        }
        catch (Exception e) when (!context.HttpContext.RequestAborted.IsCancellationRequested)
        {
            Failed(logger, e);
            location = Problem(properties, ExternalProblems.Unavailable);
        }
        context.HandleResponse();
        Redirect(context.HttpContext, location);
    }

    public override Task AccessDenied(AccessDeniedContext context)
    {
        context.HandleResponse();
        Redirect(context.HttpContext, Problem(context.Properties, ExternalProblems.Cancelled));
        return Task.CompletedTask;
    }

    public override Task RemoteFailure(RemoteFailureContext context)
    {
        var problem = context.Failure switch
        {
            GoogleFailure failure => failure.Problem,
            // The framework has no type of its own for a state that was not sealed here; there is nothing in it then.
            AuthenticationFailureException when context.Properties is null => ExternalProblems.State,
            _ => ExternalProblems.Unavailable,
        };
        // By its type alone: the message of another exception may hold what somebody sent.
        Refused(logger, problem, context.Failure is GoogleFailure told ? told.Message : context.Failure?.GetType().Name ?? "none");
        context.HandleResponse();
        Redirect(context.HttpContext, Problem(context.Properties, problem));
        return Task.CompletedTask;
    }

    async Task<string> ArriveAsync(HttpContext context, AuthenticationProperties properties, ExternalIdentity identity)
    {
        var origin = SessionOrigin.Of(context);
        var aborted = context.RequestAborted;
        if (options.Value.HostedDomains is { Length: > 0 } domains && !domains.Contains(identity.HostedDomain, StringComparer.OrdinalIgnoreCase))
        {
            await TellRefusedAsync(origin, ExternalProblems.Domain);
            return Problem(properties, ExternalProblems.Domain);
        }
        if (GoogleSignIn.IsLink(properties))
        {
            var person = await BrowserSignIn.PersonAsync(context);
            if (!GoogleSignIn.IsAskedBy(properties, person))
            {
                await TellRefusedAsync(origin, ExternalProblems.Session);
                return Problem(properties, ExternalProblems.Session);
            }
            if (await links.LinkAsync(person!, identity, origin, aborted) is { } taken)
            {
                await TellRefusedAsync(origin, taken, person!.UserId);
                return Problem(properties, taken);
            }
            pictures.Queue(person!.UserId, identity);
            return "/account";
        }

        var returnTo = GoogleSignIn.ReturnToOf(properties);
        var outcome = await external.RunAsync(identity, origin, aborted);
        if (outcome.AskUserId is { } account)
        {
            pending.Keep(context, identity, account, returnTo);
            return LinkPage;
        }
        if (outcome.Subject is not { } subject)
            return Problem(properties, outcome.Problem!);
        if (outcome.Linked)
            pictures.Queue(subject.Id, identity);
        return await arrival.CompleteAsync(context, subject, returnTo);
    }

    async Task TellRefusedAsync(SessionOrigin origin, string reason, long? user = null)
    {
        var batch = new WriteBatch();
        batch.AddAudit(new AuditEvent
        {
            Kind = AuditKinds.ExternalRefused,
            ActorId = user,
            SubjectId = user,
            ClientId = origin.ClientId,
            Address = origin.Address,
            Detail = reason,
        });
        await batch.ExecuteAsync(database, CancellationToken.None);
    }

    static string Problem(AuthenticationProperties? properties, string problem)
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
