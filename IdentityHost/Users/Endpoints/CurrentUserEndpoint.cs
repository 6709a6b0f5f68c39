using IdentityHost.Users.Api;

namespace IdentityHost.Users.Endpoints;

/// <summary><c>GET /users/current</c> and <c>GET /users/me</c>: the person whose token it is. One statement.</summary>
internal static class CurrentUserEndpoint
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/users/current", GetAsync);
        routes.MapGet("/users/me", GetAsync);
    }

    static async Task<IResult> GetAsync(HttpContext context, UserReads users, IServiceProvider services)
    {
        if (Caller.Of(context) is not { } caller)
        {
            return services.GetService<IHandoffAtCurrent>() is { } handoff && await handoff.AnswerAsync(context) is { } answer
                ? answer
                : Results.Challenge();
        }
        if (Access.Self(caller) is { } refusal)
            return refusal;
        // Deleted or disabled after the token was checked: the token is dead whatever the check said.
        if (await users.FindAsync(caller.UserId!.Value, context.RequestAborted) is not { Status: true } user)
            return new RevokedResult();
        context.Response.Headers.ETag = VersionCondition.ETag(user.Version);
        return ApiResult.Success("user_found", UserBody.Of(user, context), UserJson.Default.UserBody);
    }
}

/// <summary>
/// <c>GET /users/current</c> without an access token may come with the one-time token of a sign-in by redirect. Signing in is not the business of this
/// folder, so whoever does it registers this.
/// </summary>
internal interface IHandoffAtCurrent
{
    /// <summary>Null where the request has no such token, or none that is good.</summary>
    Task<IResult?> AnswerAsync(HttpContext context);
}
