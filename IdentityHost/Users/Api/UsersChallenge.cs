namespace IdentityHost.Users.Api;

/// <summary>
/// The bodies of 401 and 403 under the paths of the users API, for whoever checks the token. <c>WWW-Authenticate</c> (RFC 6750 §3) is added
/// unless the response has one already.
/// </summary>
internal static class UsersChallenge
{
    /// <summary>No token was sent: no <c>error</c> in the header (RFC 6750 §3.1).</summary>
    public static Task NoTokenAsync(HttpContext context) => WriteAsync(context, ApiErrors.Unauthorized, "Bearer");

    /// <summary>Malformed, foreign or expired.</summary>
    public static Task InvalidTokenAsync(HttpContext context) =>
        WriteAsync(context, ApiErrors.Unauthorized, """Bearer error="invalid_token", error_description="The token is invalid or expired" """.TrimEnd());

    /// <summary>Ended before its time. <c>msg</c> is what seed 002's client reads.</summary>
    public static Task RevokedAsync(HttpContext context)
    {
        Header(context, """Bearer error="invalid_token", error_description="The token was revoked" """.TrimEnd());
        return ApiWriter.ErrorAsync(context, ApiErrors.TokenRevoked, writer => writer.WriteString("msg", "Token has been revoked"));
    }

    /// <param name="context">The refused request.</param>
    /// <param name="scope">The scope that is missing; null if the checker does not know.</param>
    public static Task InsufficientScopeAsync(HttpContext context, string? scope) => WriteAsync(
        context, ApiErrors.InsufficientScope, scope is null ? """Bearer error="insufficient_scope" """.TrimEnd() : $"""Bearer error="insufficient_scope", scope="{scope}" """.TrimEnd());

    public static Task AdminRequiredAsync(HttpContext context) => ApiResult.WriteAsync(context, ApiErrors.AdminRequired);

    public static Task ForbiddenAsync(HttpContext context) => ApiResult.WriteAsync(context, ApiErrors.Forbidden);

    static Task WriteAsync(HttpContext context, ApiError error, string challenge)
    {
        Header(context, challenge);
        return ApiResult.WriteAsync(context, error);
    }

    static void Header(HttpContext context, string challenge)
    {
        if (context.Response.Headers.WWWAuthenticate.Count == 0)
            context.Response.Headers.WWWAuthenticate = challenge;
    }
}

/// <summary>The token was good when it was checked, and its person is deleted or disabled by now.</summary>
internal sealed class RevokedResult : IResult
{
    public Task ExecuteAsync(HttpContext httpContext) => UsersChallenge.RevokedAsync(httpContext);
}
