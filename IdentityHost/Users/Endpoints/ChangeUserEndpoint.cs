using IdentityHost.Data.Entities;
using IdentityHost.Users.Api;
using IdentityHost.Users.Api.Bodies;

namespace IdentityHost.Users.Endpoints;

/// <summary>
/// <c>PATCH /users/{id}</c>: those who manage users change a profile or a role. Null clears a member, an absent one stays; a person's new e-mail
/// holds at once. Null takes a picture away that should not be seen; nobody chooses one for another. The status has its own path.
/// </summary>
internal static class ChangeUserEndpoint
{
    const string Picture = "profile_picture";

    static readonly IReadOnlySet<string> Allowed =
        new HashSet<string>(StringComparer.Ordinal) { "username", "email", "name", "weight", "height", "role", Picture };

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPatch("/users/{id}", ChangeAsync);

    static async Task<IResult> ChangeAsync(HttpContext context, string id, AccountCommands commands, UserReads users, Access access, Preconditions preconditions)
    {
        if (Caller.Of(context) is not { } caller)
            return Results.Challenge();
        if (await access.ManageAsync(caller, context.RequestAborted) is { } refusal)
            return refusal;
        var (members, error) = await BodyReader.ReadAsync(context, Allowed);
        if (members is null)
            return ApiResult.Error(error!);
        var profile = ProfileMembers.Of(members);
        var role = ProfileMembers.Text(members, "role");
        if (members.Error is { } malformed)
            return ApiResult.Error(malformed);
        if (role is { Value: not ("USER" or "ADMIN") })
            return ApiResult.Error(ApiErrors.InvalidRequest.For("role", "value_invalid", "role", "USER, ADMIN"));
        if (members.Has(Picture) && !members.IsNull(Picture))
            return ApiResult.Error(ApiErrors.InvalidRequest.For(Picture, "value_invalid", Picture, "null"));
        if (profile.Check() is { } invalid)
            return ApiResult.Error(invalid);
        if (AccountId.Parse(id) is not { } target)
            return ApiResult.Error(ApiErrors.UserNotFound);
        var (condition, missing) = preconditions.Of(context.Request);
        if (missing is not null)
            return ApiResult.Error(missing);

        var change = new OthersChange
        {
            Profile = profile,
            Role = role is null ? null : role.Value.Value == "ADMIN" ? UserRole.Admin : UserRole.User,
            WithoutPicture = members.Has(Picture),
        };
        if (await commands.ChangeAsync(target, change, caller.Acting(context), condition, context.RequestAborted) is { } failure)
            return ApiResult.Error(failure);
        if (await users.FindAsync(target, context.RequestAborted) is not { } user)
            return ApiResult.Error(ApiErrors.UserNotFound);
        context.Response.Headers.ETag = VersionCondition.ETag(user.Version);
        return ApiResult.Success("user_updated", UserBody.Of(user, context), UserJson.Default.UserBody);
    }
}
