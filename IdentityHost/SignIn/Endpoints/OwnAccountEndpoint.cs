using IdentityHost.Users;
using IdentityHost.Users.Api;
using IdentityHost.Users.Api.Bodies;
using IdentityHost.Users.Passwords;
using IdentityHost.Users.Pictures;

namespace IdentityHost.SignIn.Endpoints;

/// <summary>
/// <c>PATCH /users/current</c> (seed 002 calls it <c>PATCH /user</c>) and <c>PATCH /users/current/password</c> (there <c>PATCH /users</c>): people change
/// their own account. A password is changed by whoever proves the old one; a token alone, which may be a stolen one, does not suffice.
/// </summary>
internal sealed class OwnAccountEndpoint(
    OwnAccount account, OwnPassword ownPassword, UserReads users, PasswordPolicy policy, PasswordHashing hashing, PictureUploads uploads, Preconditions preconditions)
{
    const string Picture = "profile_picture";

    static readonly IReadOnlySet<string> Profile = new HashSet<string>(StringComparer.Ordinal)
    {
        "username", "email", "name", "weight", "height", Picture, "password", "old_password",
    };

    static readonly IReadOnlySet<string> Passwords = new HashSet<string>(StringComparer.Ordinal) { "old_password", "new_password" };

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPatch("/users/current", ChangeAsync);
        routes.MapPatch("/user", ChangeAsync);
        routes.MapPatch("/users/current/password", ChangePasswordAsync);
        routes.MapPatch("/users", ChangePasswordAsync);
    }

    static async Task<IResult> ChangeAsync(HttpContext context, OwnAccountEndpoint endpoint)
    {
        if (Own(context, out var caller) is { } refusal)
            return refusal;
        var (members, error) = await BodyReader.ReadAsync(context, Profile, Picture);
        return members is null ? ApiResult.Error(error!) : await endpoint.AnswerAsync(context, caller, members, "password", "user_updated");
    }

    static async Task<IResult> ChangePasswordAsync(HttpContext context, OwnAccountEndpoint endpoint)
    {
        if (Own(context, out var caller) is { } refusal)
            return refusal;
        var (members, error) = await BodyReader.ReadAsync(context, Passwords);
        if (members is null)
            return ApiResult.Error(error!);
        members.RequiredText("new_password");
        return await endpoint.AnswerAsync(context, caller, members, "new_password", "password_changed");
    }

    async Task<IResult> AnswerAsync(HttpContext context, Caller caller, Members members, string passwordMember, string message)
    {
        var id = caller.UserId!.Value;
        var profile = ProfileMembers.Of(members);
        var file = members.File(Picture);
        var (wish, old) = (members.Text(passwordMember), members.Text("old_password"));
        if ((members.Error ?? profile.Check()) is { } invalid)
            return ApiResult.Error(invalid);
        var (condition, missing) = preconditions.Of(context.Request);
        if (missing is not null)
            return ApiResult.Error(missing);
        if (await users.FindAsync(id, context.RequestAborted) is not { Status: true } user)
            return new RevokedResult();
        // Before anything is paid for; the transaction asks again.
        if (!condition.Holds(user.Version))
            return ApiResult.Error(ApiErrors.PreconditionFailed);

        var change = new OwnChange { Profile = profile };
        if (members.IsNull(Picture))
        {
            change = change with { Picture = new Edit<CleanPicture?>(null) };
        }
        else if (file is { } bytes)
        {
            var (picture, unusable) = await uploads.TakeAsync(bytes, caller.Acting(context), context.RequestAborted);
            if (picture is null)
                return ApiResult.Error(unusable!);
            change = change with { Picture = new Edit<CleanPicture?>(picture) };
        }
        if (!string.IsNullOrEmpty(wish))
        {
            var names = (profile.Username?.Value ?? user.Username, profile.Email is { } email ? email.Value : user.Email);
            var (replacement, refused) = await ReplaceAsync(context, user, caller, names, passwordMember, wish, old);
            if (replacement is null)
                return ApiResult.Error(refused!);
            change = change with { Password = replacement };
        }
        if (await account.ChangeAsync(id, change, caller.Acting(context), condition, context.RequestAborted) is { } failure)
            return ApiResult.Error(failure);
        if (await users.FindAsync(id, context.RequestAborted) is not { } changed)
            return new RevokedResult();
        context.Response.Headers.ETag = VersionCondition.ETag(changed.Version);
        return passwordMember == "password" ? ApiResult.Success(message, UserBody.Of(changed, context), UserJson.Default.UserBody) : ApiResult.Success(message);
    }

    async Task<(PasswordReplacement? Replacement, ApiError? Error)> ReplaceAsync(
        HttpContext context, UserView user, Caller caller, (string Username, string? Email) names, string member, string wish, string? old)
    {
        if (AccountRules.Password(policy, wish, names.Username, names.Email) is { } weak)
            return (null, weak with { Fields = [.. weak.Fields.Select(f => f with { Field = member })] });
        var (proved, refusal) = await ownPassword.ProveAsync(context, user.Id, user.Username, old, "old_password", caller.ClientId);
        if (proved is null)
            return (null, refusal);
        var hash = await hashing.HashAsync(wish, context.RequestAborted);
        return (new PasswordReplacement(proved.PasswordHash!, hash, OwnSession.Of(context)), null);
    }

    static IResult? Own(HttpContext context, out Caller caller)
    {
        if (Caller.Of(context) is not { } found)
        {
            caller = null!;
            return Results.Challenge();
        }
        caller = found;
        return Access.Self(found);
    }
}
