using IdentityHost.Data.Entities;
using IdentityHost.Protocol.Clients;
using IdentityHost.Protocol.Tokens;

namespace IdentityHost.Protocol.Authorize;

/// <summary>
/// <c>/connect/authorize</c> (RFC 6749 §3.1): proves who asks and where the answer goes, reads the rest, and then sends the browser from step to
/// step until there is an answer. Until the first two are proven an error is a page; afterwards it is sent to the application.
/// </summary>
internal sealed class AuthorizeEndpoint(
    Applications applications,
    AuthorizeChecks checks,
    AuthorizationRequests requests,
    NextSteps steps,
    IBrowserSubjects browser,
    AuthorizationCodes codes,
    AuthorizeResponse response)
{
    /// <summary>GET and POST of the request itself.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        var stop = context.RequestAborted;
        if ((await AuthorizeParameters.ReadAsync(context.Request, stop)).Failed(out var error, out var parameters))
        {
            new AuthorizeFault(error).Show(context);
            return;
        }
        // 1. Who asks, and where the answer goes.
        if ((await ProveAsync(parameters, stop)).Failed(out error, out var proven))
        {
            new AuthorizeFault(error).Show(context);
            return;
        }
        // 2. What is asked for.
        if (await checks.CheckAsync(proven, stop) is { } refusal)
        {
            await RefuseAsync(context, new StoredRequest(proven.Request, proven.Client, proven.Redirect), refusal);
            return;
        }
        // 3. What it needs next. A form of another site comes without our cookies: it is asked again by a GET, which has them.
        var stored = new StoredRequest(proven.Request, proven.Client, proven.Redirect);
        if (HttpMethods.IsPost(context.Request.Method))
        {
            await requests.KeepAsync(context, proven.Request);
            SeeOther(context, AuthorizationRequests.PathOf(proven.Request.Id));
            return;
        }
        await GoOnAsync(context, stored, isKept: false);
    }

    /// <summary>GET of a request that was kept, after one of its steps.</summary>
    public async Task ContinueAsync(HttpContext context, string id)
    {
        if (await FindAsync(context, id) is { } stored)
            await GoOnAsync(context, stored, isKept: true);
    }

    /// <summary>The person does not want to go on.</summary>
    public async Task CancelAsync(HttpContext context, string id)
    {
        if (await FindAsync(context, id) is { } stored)
            await RefuseAsync(context, stored, ProtocolError.AccessDenied);
    }

    async Task<Result<AuthorizeContext>> ProveAsync(AuthorizeParameters parameters, CancellationToken cancellationToken)
    {
        if (parameters.IsRepeated("client_id") || parameters.IsRepeated("redirect_uri"))
            return ProtocolError.InvalidRequest("client_id or redirect_uri is there more than once.");
        if (parameters["client_id"] is not { Length: <= ApplicationOptions.MaximumSecretLength } clientId
            || await applications.FindAsync(clientId, cancellationToken) is not { Enabled: true, Client: { } client })
            return ProtocolError.InvalidRequest("No application is known by this client_id.");
        var openId = parameters["scope"]?.Split(' ').Contains(ScopeCatalog.OpenId) == true;
        if (VerifiedRedirect.Match(client, parameters["redirect_uri"], mustBeSent: openId) is not { } redirect)
            return ProtocolError.InvalidRequest("The redirect_uri is not one that this application has registered, character by character.");
        return new AuthorizeContext(client, redirect, parameters, requests.New(client, redirect));
    }

    async Task<StoredRequest?> FindAsync(HttpContext context, string id)
    {
        if (Guid.TryParseExact(id, "N", out var key) && await requests.FindAsync(context, key) is { } stored)
            return stored;
        new AuthorizeFault(ProtocolError.InvalidRequest(
            "This sign-in was begun in another browser, or too long ago. Go back to the application and begin again.")).Show(context);
        return null;
    }

    async Task GoOnAsync(HttpContext context, StoredRequest stored, bool isKept)
    {
        var (request, client, redirect) = stored;
        var step = await steps.DecideAsync(context, request, client);
        if (step.Kind == StepKind.Refuse)
        {
            await RefuseAsync(context, stored, step.Error!, step.HasAgreed);
            return;
        }
        if (step.Kind == StepKind.Code)
        {
            if ((await codes.IssueAsync(stored, step.Person!.Subject, context.RequestAborted)).Failed(out var error, out var code))
                await RefuseAsync(context, stored, error, step.HasAgreed);
            else
                await response.WriteCodeAsync(context, request, redirect, code);
            return;
        }
        if (!isKept)
            await requests.KeepAsync(context, request);
        SeeOther(context, step.Kind == StepKind.Consent ? $"/consent?id={Identifiers.Text(request.Id)}{Locales(request)}" : SignInPath(request, step));
    }

    string SignInPath(AuthorizationRequest request, NextStep step) => browser.SignInPath(new SignInWish(
        AuthorizationRequests.PathOf(request.Id),
        Again: step.Person is not null,
        Create: request.Prompt?.Split(' ').Contains(Prompts.Create) == true,
        request.Provider,
        request.LoginHint,
        request.UiLocales));

    static string Locales(AuthorizationRequest request) =>
        request.UiLocales is null ? "" : $"&ui_locales={Uri.EscapeDataString(request.UiLocales)}";

    /// <summary>
    /// To the application; but what anybody may have registered gets nobody sent to it before they have agreed once (RFC 9700 §4.11.2): a link to
    /// this trusted host would else lead wherever its maker likes.
    /// </summary>
    Task RefuseAsync(HttpContext context, StoredRequest stored, ProtocolError error, bool hasAgreed = false)
    {
        var (request, client, redirect) = stored;
        if (!client.IsUntrusted || hasAgreed)
            return response.WriteErrorAsync(context, request, redirect, error);
        new AuthorizeFault(error, response.ErrorAddress(request, redirect, error), redirect.Host).Show(context);
        return Task.CompletedTask;
    }

    static void SeeOther(HttpContext context, string path)
    {
        context.Response.Headers.CacheControl = "no-store";
        context.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.Response.Headers.Location = context.Request.PathBase + path;
    }
}
