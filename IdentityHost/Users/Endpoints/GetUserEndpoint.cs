using IdentityHost.Users.Api;

namespace IdentityHost.Users.Endpoints;

/// <summary><c>GET /users/{id}</c>: oneself, or anybody for those who manage users.</summary>
internal static class GetUserEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/users/{id}", GetAsync);

    static async Task<IResult> GetAsync(HttpContext context, string id, UserReads users, Access access)
    {
        if (Caller.Of(context) is not { } caller)
            return Results.Challenge();
        var target = AccountId.Parse(id);
        if (await access.SelfOrManageAsync(caller, target, context.RequestAborted) is { } refusal)
            return refusal;
        if (target is null || await users.FindAsync(target.Value, context.RequestAborted) is not { } user)
            return ApiResult.Error(ApiErrors.UserNotFound);
        context.Response.Headers.ETag = VersionCondition.ETag(user.Version);
        return ApiResult.Success("user_found", UserBody.Of(user, context), UserJson.Default.UserBody);
    }
}
