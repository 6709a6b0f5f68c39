using IdentityHost.Users;
using IdentityHost.Users.Api;
using IdentityHost.Users.Api.Bodies;

namespace IdentityHost.SignIn.Endpoints;

/// <summary>
/// <c>DELETE /users/current</c> (seed 002: <c>DELETE /users</c>): people delete their own account, with their password or right after a sign-in, since
/// nothing brings it back.
/// </summary>
internal sealed class DeleteSelfEndpoint(AccountCommands commands, OwnPassword ownPassword, OwnSession session, UserReads users, Preconditions preconditions)
{
    const string Password = "password";

    static readonly IReadOnlySet<string> Allowed = new HashSet<string>(StringComparer.Ordinal) { Password };

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapDelete("/users/current", HandleAsync);
        routes.MapDelete("/users", HandleAsync);
    }

    static async Task<IResult> HandleAsync(HttpContext context, DeleteSelfEndpoint endpoint)
    {
        if (Caller.Of(context) is not { } caller)
            return Results.Challenge();
        return Access.Self(caller) ?? await endpoint.DeleteAsync(context, caller);
    }

    async Task<IResult> DeleteAsync(HttpContext context, Caller caller)
    {
        var id = caller.UserId!.Value;
        string? password = null;
        if (context.Request.ContentType is not null)
        {
            var (members, error) = await BodyReader.ReadAsync(context, Allowed);
            password = members?.Text(Password);
            if ((error ?? members?.Error) is { } malformed)
                return ApiResult.Error(malformed);
        }
        var (condition, missing) = preconditions.Of(context.Request);
        if (missing is not null)
            return ApiResult.Error(missing);
        if (password is not null || !await session.IsFreshAsync(context, id))
        {
            if (await users.FindAsync(id, context.RequestAborted) is not { Status: true } user)
                return new RevokedResult();
            var (proved, refusal) = await ownPassword.ProveAsync(context, id, user.Username, password, Password, caller.ClientId);
            if (proved is null)
                return ApiResult.Error(refusal!);
        }
        var failure = await commands.DeleteAsync(id, caller.Acting(context), condition, context.RequestAborted);
        return failure is null ? ApiResult.Success("user_deleted") : ApiResult.Error(failure);
    }
}
