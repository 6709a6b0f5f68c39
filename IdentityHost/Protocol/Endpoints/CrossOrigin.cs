using IdentityHost.Protocol.Clients;
using Microsoft.Extensions.Primitives;

namespace IdentityHost.Protocol.Endpoints;

/// <summary>
/// CORS (Fetch §3.2) for applications that run in a browser: their origins may read the answers of the token, userinfo and revocation endpoints,
/// and everybody the public documents. Never with credentials, so no cookie of ours is worth anything there, and never the authorization
/// endpoint, which a browser visits and no script may read (RFC 9700 §2.6).
/// </summary>
internal sealed class CrossOrigin(RequestDelegate next, AllowedOrigins origins)
{
    const string Everybody = "*";

    /// <summary>What an opaque origin says of itself (a sandboxed frame, a file): anybody can be that.</summary>
    const string Opaque = "null";

    static readonly StringValues ExposedHeaders = "WWW-Authenticate, Retry-After";

    public Task InvokeAsync(HttpContext context)
    {
        var path = context.Request.Path.Value ?? "";
        if (path.StartsWith("/.well-known/", StringComparison.OrdinalIgnoreCase))
            return MethodsOf(path) is { } reading ? ServeAsync(context, Everybody, reading) : next(context);
        // No browser's script: nothing of this concerns it, and nobody may keep these answers anyway.
        return context.Request.Headers.Origin.Count > 0 && path.StartsWith("/connect/", StringComparison.OrdinalIgnoreCase) && MethodsOf(path) is { } methods
            ? JudgeAsync(context, methods)
            : next(context);
    }

    /// <summary>Which methods a script may use there; null where none may call.</summary>
    static string? MethodsOf(string path) => path.ToLowerInvariant() switch
    {
        "/connect/token" or "/connect/revoke" => "POST",
        "/connect/userinfo" => "GET, POST",
        "/.well-known/openid-configuration" or "/.well-known/oauth-authorization-server" or "/.well-known/jwks" => "GET, HEAD",
        _ => null,
    };

    async Task JudgeAsync(HttpContext context, string methods)
    {
        var headers = context.Request.Headers.Origin;
        Tell(context, "Vary", "Origin");
        if (headers is [{ Length: > 0 } origin] && origin != Opaque && await origins.IncludesAsync(origin, context.RequestAborted))
            await ServeAsync(context, origin, methods);
        else
            await next(context);
    }

    Task ServeAsync(HttpContext context, string origin, string methods)
    {
        Tell(context, "Access-Control-Allow-Origin", origin);
        var request = context.Request;
        if (!HttpMethods.IsOptions(request.Method) || request.Headers.AccessControlRequestMethod.Count == 0)
        {
            Tell(context, "Access-Control-Expose-Headers", ExposedHeaders);
            return next(context);
        }
        var response = context.Response;
        response.StatusCode = StatusCodes.Status204NoContent;
        response.Headers.AccessControlAllowMethods = methods;
        response.Headers.AccessControlAllowHeaders = "authorization, content-type";
        response.Headers.AccessControlMaxAge = "600";
        return Task.CompletedTask;
    }

    /// <summary>As the answer starts: what answers an error clears the headers that were set before, and scripts are to read errors too.</summary>
    static void Tell(HttpContext context, string header, StringValues value) => context.Response.OnStarting(
        static state =>
        {
            var (headers, name, value) = ((IHeaderDictionary, string, StringValues))state;
            headers.Append(name, value);
            return Task.CompletedTask;
        },
        (context.Response.Headers, header, value));
}
