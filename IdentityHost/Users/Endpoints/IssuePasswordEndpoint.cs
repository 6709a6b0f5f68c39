using System.Collections.Frozen;
using IdentityHost.Users.Api;
using IdentityHost.Users.Api.Bodies;
using IdentityHost.Users.Passwords;
using Microsoft.AspNetCore.Http.Features;

namespace IdentityHost.Users.Endpoints;

/// <summary><c>POST /users/{id}/password</c>: a new password of the system's making, in the answer once, and everybody who was signed in is out.</summary>
internal static class IssuePasswordEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/users/{id}/password", IssueAsync);

    static async Task<IResult> IssueAsync(HttpContext context, string id, PasswordIssue passwords, UserReads users, Access access, Preconditions preconditions)
    {
        if (Caller.Of(context) is not { } caller)
            return Results.Challenge();
        if (await access.ManageAsync(caller, context.RequestAborted) is { } refusal)
            return refusal;
        // Whoever sends a password believes that it will be the one.
        if (context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true
            && await BodyReader.ReadAsync(context, FrozenSet<string>.Empty) is { Error: { } unwanted })
            return ApiResult.Error(unwanted);
        if (AccountId.Parse(id) is not { } target)
            return ApiResult.Error(ApiErrors.UserNotFound);
        var (condition, missing) = preconditions.Of(context.Request);
        if (missing is not null)
            return ApiResult.Error(missing);

        var (password, failure) = await passwords.IssueAsync(target, caller.Acting(context), condition, context.RequestAborted);
        if (password is null)
            return ApiResult.Error(failure!);
        if (await users.FindAsync(target, context.RequestAborted) is not { } user)
            return ApiResult.Error(ApiErrors.UserNotFound);
        context.Response.Headers.ETag = VersionCondition.ETag(user.Version);
        return ApiResult.Success("password_generated", CreateUserEndpoint.WithPassword(UserBody.Of(user, context), password));
    }
}
