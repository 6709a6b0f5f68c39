using System.Text.Json;
using IdentityHost.Protocol.Endpoints;
using IdentityHost.Protocol.Tokens;
using IdentityHost.SignIn.Browser;
using IdentityHost.Users.Api;

namespace IdentityHost.SignIn.Endpoints;

/// <summary>
/// <c>/users/current/sessions</c>: where a person is signed in, in browsers and applications. GET lists it, DELETE of one signs that one out, DELETE of
/// all every one, this one too.
/// </summary>
internal sealed class OwnSessionsEndpoint(AccountOverviews overviews, Sessions sessions)
{
    const string Path = "/users/current/sessions";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Path, ListAsync);
        routes.MapDelete(Path, EndAllAsync);
        routes.MapDelete(Path + "/{sid}", EndAsync);
    }

    static async Task<IResult> ListAsync(HttpContext context, OwnSessionsEndpoint endpoint)
    {
        if (Refusal(context, out var id) is { } refusal)
            return refusal;
        var all = await endpoint.OfAsync(context, id);
        var current = OwnSession.Of(context);
        return ApiResult.Success("sessions_found", writer => Write(writer, all, current));
    }

    static async Task<IResult> EndAsync(HttpContext context, string sid, OwnSessionsEndpoint endpoint)
    {
        if (Refusal(context, out var id) is { } refusal)
            return refusal;
        // Somebody else's, one that has ended, and none at all are the same.
        var theirs = Guid.TryParseExact(sid, "N", out var session) && (await endpoint.OfAsync(context, id)).Any(s => s.Id == session);
        if (!theirs)
            return ApiResult.Error(ApiErrors.NotFound);
        await endpoint.EndOneAsync(session, id, context);
        return ApiResult.Success("session_ended");
    }

    static async Task<IResult> EndAllAsync(HttpContext context, OwnSessionsEndpoint endpoint)
    {
        if (Refusal(context, out var id) is { } refusal)
            return refusal;
        await endpoint.EndEverywhereAsync(id, context);
        return ApiResult.Success("sessions_ended");
    }

    Task<IReadOnlyList<SessionView>> OfAsync(HttpContext context, long id) => overviews.SessionsAsync(id, context.RequestAborted);

    Task EndOneAsync(Guid session, long id, HttpContext context) => sessions.EndAsync(session, id, RequestOrigin.Address(context));

    Task EndEverywhereAsync(long id, HttpContext context) => sessions.EndAllAsync(id, RequestOrigin.Address(context));

    static void Write(Utf8JsonWriter writer, IReadOnlyList<SessionView> all, Guid? current)
    {
        writer.WriteStartArray();
        foreach (var session in all)
        {
            writer.WriteStartObject();
            writer.WriteString("id", Identifiers.Text(session.Id));
            writer.WriteString("device", session.Device);
            writer.WriteString("address", session.Address);
            writer.WriteString("signed_in_at", InstantConverter.Text(session.Since));
            writer.WriteBoolean("current", session.Id == current);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    static IResult? Refusal(HttpContext context, out long id)
    {
        id = 0;
        if (Caller.Of(context) is not { } caller)
            return Results.Challenge();
        id = caller.UserId ?? 0;
        return Access.Self(caller);
    }
}
