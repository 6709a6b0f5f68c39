using System.Text.Json;
using IdentityHost.Data.Entities;
using IdentityHost.Users.Api;
using IdentityHost.Users.Api.Bodies;

namespace IdentityHost.Users.Endpoints;

/// <summary>
/// <c>POST /users</c> with a token: those who manage users make an account. They choose no password: the system does, and the answer holds it, once.
/// </summary>
internal sealed class CreateUserEndpoint(AccountsForOthers accounts, Access access)
{
    static readonly IReadOnlySet<string> Allowed = new HashSet<string>(StringComparer.Ordinal) { "username", "email", "name", "status", "role" };

    /// <summary>A bad token is 401 and never a registration.</summary>
    public async Task<IResult> CreateAsync(HttpContext context)
    {
        if (Caller.Of(context) is not { } caller)
            return Results.Challenge();
        if (await access.ManageAsync(caller, context.RequestAborted) is { } refusal)
            return refusal;
        var (members, error) = await BodyReader.ReadAsync(context, Allowed);
        if (members is null)
            return ApiResult.Error(error!);
        var role = members.Text("role");
        var wish = new NewAccount(
            members.Text("username") is { Length: > 0 } username ? username : null,
            members.Text("email") ?? "",
            members.Text("name") ?? "",
            role == "ADMIN" ? UserRole.Admin : UserRole.User,
            members.Boolean("status") ?? true);
        if (members.Error is { } malformed)
            return ApiResult.Error(malformed);
        if (role is not (null or "" or "USER" or "ADMIN"))
            return ApiResult.Error(ApiErrors.InvalidRequest.For("role", "value_invalid", "role", "USER, ADMIN"));

        var (made, failure) = await accounts.CreateAsync(wish, caller.Acting(context), context.RequestAborted);
        if (made is null)
            return ApiResult.Error(failure!);
        context.Response.Headers.ETag = VersionCondition.ETag(made.User.Version);
        return ApiResult.Success("user_created", WithPassword(UserBody.Of(UserView.Of(made.User), context), made.Password), StatusCodes.Status201Created);
    }

    /// <summary>Writes the user and, where it is to be shown, <c>generated_password</c>: the one place where a password leaves the host.</summary>
    public static Action<Utf8JsonWriter> WithPassword(UserBody user, string? password)
    {
        var data = JsonSerializer.SerializeToNode(user, UserJson.Default.UserBody)!.AsObject();
        if (password is not null)
            data["generated_password"] = password;
        return writer => data.WriteTo(writer);
    }
}
