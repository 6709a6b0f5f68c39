using IdentityHost.Users.Api;
using IdentityHost.Users.Api.Bodies;

namespace IdentityHost.Users.Endpoints;

/// <summary><c>PATCH /users/{id}/status</c>: <c>{"status":false}</c> refuses sign-in and kills every token; true lets the person in again.</summary>
internal static class SetStatusEndpoint
{
    static readonly IReadOnlySet<string> Allowed = new HashSet<string>(StringComparer.Ordinal) { "status" };

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPatch("/users/{id}/status", SetAsync);

    static async Task<IResult> SetAsync(HttpContext context, string id, AccountCommands commands, UserReads users, Access access, Preconditions preconditions)
    {
        if (Caller.Of(context) is not { } caller)
            return Results.Challenge();
        if (await access.ManageAsync(caller, context.RequestAborted) is { } refusal)
            return refusal;
        var (members, error) = await BodyReader.ReadAsync(context, Allowed);
        if (members is null)
            return ApiResult.Error(error!);
        var status = members.Boolean("status");
        if (members.Error is { } malformed)
            return ApiResult.Error(malformed);
        if (status is null)
            return ApiResult.Error(ApiErrors.InvalidRequest.For("status", "field_required", "status"));
        if (AccountId.Parse(id) is not { } target)
            return ApiResult.Error(ApiErrors.UserNotFound);

        var (condition, missing) = preconditions.Of(context.Request);
        if (missing is not null)
            return ApiResult.Error(missing);
        var failure = status.Value
            ? await commands.EnableAsync(target, caller.Acting(context), condition, context.RequestAborted)
            : await commands.DisableAsync(target, caller.Acting(context), condition, context.RequestAborted);
        if (failure is not null)
            return ApiResult.Error(failure);
        if (await users.FindAsync(target, context.RequestAborted) is not { } user)
            return ApiResult.Error(ApiErrors.UserNotFound);
        context.Response.Headers.ETag = VersionCondition.ETag(user.Version);
        return ApiResult.Success("user_updated", UserBody.Of(user, context), UserJson.Default.UserBody);
    }
}
