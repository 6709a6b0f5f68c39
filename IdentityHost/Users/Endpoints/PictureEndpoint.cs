using System.Globalization;
using IdentityHost.Users.Api;
using Microsoft.Net.Http.Headers;

namespace IdentityHost.Users.Endpoints;

/// <summary>
/// <c>GET /users/{id}/picture</c>: one's own, or anybody's for those who manage users. Whatever the bytes hold, a browser takes them for a picture
/// (<c>nosniff</c>) and runs nothing of it (a sandbox).
/// </summary>
internal static class PictureEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/users/{id}/picture", GetAsync);

    static async Task<IResult> GetAsync(HttpContext context, string id, Pictures pictures, Access access)
    {
        if (Caller.Of(context) is not { } caller)
            return Results.Challenge();
        var target = AccountId.Parse(id);
        if (await access.SelfOrManageAsync(caller, target, context.RequestAborted) is { } refusal)
            return refusal;
        if (target is null || await pictures.FindAsync(target.Value, context.RequestAborted) is not { } picture)
            return ApiResult.Error(ApiErrors.NotFound);
        context.Response.Headers.ContentSecurityPolicy = "default-src 'none'; sandbox; frame-ancestors 'none'";
        context.Response.Headers.CacheControl = "private, no-cache";
        var tag = string.Create(CultureInfo.InvariantCulture, $"\"p{picture.Version}\"");
        return Results.Bytes(picture.Bytes, picture.ContentType, entityTag: new EntityTagHeaderValue(tag));
    }
}
