using IdentityHost.SignIn.Browser;
using IdentityHost.SignIn.External;
using IdentityHost.SignIn.Providers;
using IdentityHost.Users.Api;

namespace IdentityHost.SignIn.Endpoints;

/// <summary>
/// <c>GET /users/auth/google</c>: to Google. With <c>return_to</c>, a path of this host, somebody signs in to the pages and goes there; without it, as
/// seed 004 has it, they come to <c>/users/current?token=…</c> with a handoff.
/// </summary>
internal static class GoogleEndpoint
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/users/auth/google", BeginAsync);
        // Answered by the provider while there is one (it stands before the routes).
        routes.MapGet(GoogleOptions.CallbackPath, Absent);
    }

    static async Task<IResult> BeginAsync(HttpContext context, GoogleSignIn google, Issuer issuer)
    {
        if (!google.IsConfigured)
            return ApiResult.Error(new ApiError("google_not_configured", StatusCodes.Status404NotFound) { Arguments = [issuer.UrlOf(GoogleOptions.CallbackPath)] });
        await GoogleSignIn.ChallengeAsync(context, context.Request.Query["return_to"] is [{ Length: > 0 } path] ? path : null);
        return Results.Empty;
    }

    /// <summary>Switched off while somebody was at Google.</summary>
    static IResult Absent(HttpContext context)
    {
        context.Response.Headers.CacheControl = "no-store";
        return Results.Redirect(context.Request.PathBase + BrowserSession.SignInPath + QueryString.Create("problem", ExternalProblems.Unavailable));
    }
}
