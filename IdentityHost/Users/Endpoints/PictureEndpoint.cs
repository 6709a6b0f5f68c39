using System.Globalization;
using IdentityHost.Users.Api;
using IdentityHost.Users.Pictures;
using Microsoft.Net.Http.Headers;

namespace IdentityHost.Users.Endpoints;

/// <summary>
/// <c>GET /users/{id}/picture</c>: one's own, anybody's for those who manage users, and for whoever holds its signed address. Whatever the bytes hold,
/// a browser takes them for a picture (<c>nosniff</c>) and runs nothing of it (a sandbox).
/// </summary>
internal static class PictureEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/users/{id}/picture", GetAsync);

    static async Task<IResult> GetAsync(HttpContext context, string id, PictureStore pictures, PictureLinks links, Access access)
    {
        var target = AccountId.Parse(id);
        var query = context.Request.Query;
        var signed = target is { } person ? links.Check(person, Single(query[PictureLinks.Version]), Single(query[PictureLinks.Signature])) : null;
        if (signed is null)
        {
            if (Caller.Of(context) is not { } caller)
                return Results.Challenge();
            if (await access.SelfOrManageAsync(caller, target, context.RequestAborted) is { } refusal)
                return refusal;
        }
        if (target is null || await pictures.FindAsync(target.Value, context.RequestAborted) is not { } picture || (signed ?? picture.Version) != picture.Version)
            return ApiResult.Error(ApiErrors.NotFound);
        context.Response.Headers.ContentSecurityPolicy = "default-src 'none'; sandbox; frame-ancestors 'none'";
        // Asked for each time, so that one that is gone is gone; unchanged it costs no bytes.
        context.Response.Headers.CacheControl = "private, no-cache";
        var tag = string.Create(CultureInfo.InvariantCulture, $"\"p{picture.Version}\"");
        return Results.Bytes(picture.Bytes, picture.ContentType, entityTag: new EntityTagHeaderValue(tag));
    }

    /// <summary>A parameter that is there twice says nothing.</summary>
    static string? Single(Microsoft.Extensions.Primitives.StringValues values) => values is [{ } value] ? value : null;
}
