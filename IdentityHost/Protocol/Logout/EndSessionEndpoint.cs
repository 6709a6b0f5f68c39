using IdentityHost.Protocol.Endpoints;

namespace IdentityHost.Protocol.Logout;

/// <summary>
/// <c>/connect/logout</c> (OpenID Connect RP-Initiated Logout §2): where an application sends the browser to sign out. It ends nothing itself: a
/// form that another site posts comes without the cookie (SameSite), and the GET of a page of ours, which it is sent to, has it.
/// </summary>
internal sealed class EndSessionEndpoint(LogoutRequests requests)
{
    public const string Path = "/connect/logout";

    /// <summary>The page that asks, or that ends what a hint has proved.</summary>
    public const string PagePath = "/sign-out";

    public async Task HandleAsync(HttpContext context)
    {
        var stop = context.RequestAborted;
        var read = HttpMethods.IsPost(context.Request.Method)
            ? await FormParameters.ReadAsync(context.Request, stop)
            : FormParameters.ReadQuery(context.Request);
        if (read.Failed(out _, out var parameters) || (await requests.CheckAsync(parameters, stop)).Failed(out _, out var request))
        {
            // A page of ours, whoever asked: nothing is proved about them.
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }
        var query = request == LogoutRequest.Bare ? QueryString.Empty : QueryString.Create("request", requests.Seal(request));
        if (parameters["ui_locales"] is { } locales)
            query = query.Add("ui_locales", locales);
        context.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.Response.Headers.Location = context.Request.PathBase + PagePath + query;
        context.Response.Headers.CacheControl = "no-store";
    }
}
