using IdentityHost.Users.Api;
using IdentityHost.Users.Api.Bodies;

namespace IdentityHost.Users.Endpoints;

/// <summary>
/// <c>PUT /users/{id}</c>: oneself, or anybody for those who manage users. It sets the profile; what is absent stays (seed 001 sends only a name). One's
/// own new e-mail waits until it is confirmed, an admin's change of somebody's holds at once.
/// </summary>
internal static class ReplaceUserEndpoint
{
    static readonly IReadOnlySet<string> Allowed =
        new HashSet<string>(StringComparer.Ordinal) { "username", "email", "name", "weight", "height" };

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPut("/users/{id}", ReplaceAsync);

    static async Task<IResult> ReplaceAsync(
        HttpContext context, string id, AccountCommands commands, OwnAccount own, UserReads users, Access access, Preconditions preconditions)
    {
        if (Caller.Of(context) is not { } caller)
            return Results.Challenge();
        var target = AccountId.Parse(id);
        if (await access.SelfOrManageAsync(caller, target, context.RequestAborted) is { } refusal)
            return refusal;
        var (members, error) = await BodyReader.ReadAsync(context, Allowed);
        if (members is null)
            return ApiResult.Error(error!);
        var profile = ProfileMembers.Of(members);
        if ((members.Error ?? profile.Check()) is { } invalid)
            return ApiResult.Error(invalid);
        if (target is not { } account)
            return ApiResult.Error(ApiErrors.UserNotFound);
        var (condition, missing) = preconditions.Of(context.Request);
        if (missing is not null)
            return ApiResult.Error(missing);

        var actor = caller.Acting(context);
        var failure = account == caller.UserId
            ? await own.ChangeAsync(account, new OwnChange { Profile = profile }, actor, condition, context.RequestAborted)
            : await commands.ChangeAsync(account, new OthersChange { Profile = profile }, actor, condition, context.RequestAborted);
        if (failure is not null)
            return ApiResult.Error(failure);
        if (await users.FindAsync(account, context.RequestAborted) is not { } user)
            return ApiResult.Error(ApiErrors.UserNotFound);
        context.Response.Headers.ETag = VersionCondition.ETag(user.Version);
        return ApiResult.Success("user_updated", UserBody.Of(user, context), UserJson.Default.UserBody);
    }
}
