using System.Text.Json;
using IdentityHost.Protocol.Endpoints;
using IdentityHost.ResourceServer;
using IdentityHost.Users;
using IdentityHost.Users.Api;

namespace IdentityHost.SignIn.Endpoints;

/// <summary>
/// <c>DELETE /users/logout</c> in all its spellings: when the answer leaves, the token, its grant and its session are dead on every node.
/// Bodies are ignored (seed 002 sends one).
/// </summary>
internal sealed class LogoutEndpoint(Sessions sessions, UserReads users)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapDelete("/users/logout", HandleAsync);
        routes.MapPost("/users/logout", HandleAsync);
        routes.MapPatch("/logout", HandleAsync);
    }

    static async Task<IResult> HandleAsync(HttpContext context, LogoutEndpoint endpoint) =>
        context.Features.Get<IAccessTokenFeature>() is { } feature
            ? await endpoint.LogoutAsync(context, feature.Token)
            : Results.Challenge();

    async Task<IResult> LogoutAsync(HttpContext context, AccessToken token)
    {
        // Read before the end, so that the answer can name whom it signed out.
        var user = AccountId.Parse(token.Subject) is { } id ? await users.FindAsync(id, context.RequestAborted) : null;
        await sessions.SignOutAsync(token, RequestOrigin.Address(context));
        return ApiResult.Success(
            "logged_out",
            writer => writer.WriteStringValue("OK"),
            more: writer => WriteDetails(writer, user));
    }

    static void WriteDetails(Utf8JsonWriter writer, UserView? user)
    {
        writer.WriteStartObject("details");
        writer.WriteString("username", user?.Username);
        writer.WriteString("name", user?.Name);
        writer.WriteEndObject();
    }
}
