using IdentityHost.Users.Api;

namespace IdentityHost.Users.Endpoints;

/// <summary><c>DELETE /users/{id}</c>: oneself, or anybody for those who manage users.</summary>
internal static class DeleteUserEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapDelete("/users/{id}", DeleteAsync);

    static async Task<IResult> DeleteAsync(HttpContext context, string id, AccountCommands commands, Access access, Preconditions preconditions)
    {
        if (Caller.Of(context) is not { } caller)
            return Results.Challenge();
        var target = AccountId.Parse(id);
        if (await access.SelfOrManageAsync(caller, target, context.RequestAborted) is { } refusal)
            return refusal;
        if (target is null)
            return ApiResult.Error(ApiErrors.UserNotFound);
        var (condition, missing) = preconditions.Of(context.Request);
        if (missing is not null)
            return ApiResult.Error(missing);
        var failure = await commands.DeleteAsync(target.Value, caller.Acting(context), condition, context.RequestAborted);
        return failure is null ? ApiResult.Success("user_deleted") : ApiResult.Error(failure);
    }
}
