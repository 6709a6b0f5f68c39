using System.Globalization;
using IdentityHost.Data.Entities;
using IdentityHost.Users.Api;
using Microsoft.AspNetCore.WebUtilities;

namespace IdentityHost.Users.Endpoints;

/// <summary><c>GET /users</c>: everybody, in keyset pages, for those who manage users.</summary>
internal static class ListUsersEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/users", ListAsync);

    static async Task<IResult> ListAsync(HttpContext context, UserReads users, Access access, PageCursor cursor)
    {
        if (Caller.Of(context) is not { } caller)
            return Results.Challenge();
        if (await access.ManageAsync(caller, context.RequestAborted) is { } refusal)
            return refusal;
        var (page, error) = Parse(context.Request.Query, cursor);
        if (page is null)
            return ApiResult.Error(error!);

        var (rows, more) = await users.PageAsync(page, context.RequestAborted);
        var next = more ? cursor.Write(page.Sort, page.Descending, page.PositionOf(rows[^1])) : null;
        if (next is not null)
            context.Response.Headers.Link = $"<{NextLink(context.Request, next)}>; rel=\"next\"";
        IReadOnlyList<UserBody> bodies = [.. rows.Select(row => UserBody.Of(row, context))];
        return ApiResult.Success("users_found", bodies, UserJson.Default.IReadOnlyListUserBody, more: writer =>
        {
            writer.WriteStartObject("page");
            writer.WriteString("next", next);
            writer.WriteNumber("limit", page.Limit);
            writer.WriteEndObject();
        });
    }

    /// <summary>The page the query asks for, or the error that names the parameter. Unknown parameters are ignored, as in any query.</summary>
    internal static (UserPage? Page, ApiError? Error) Parse(IQueryCollection query, PageCursor cursor)
    {
        if (query.FirstOrDefault(p => p.Value.Count > 1 && p.Key is "limit" or "after" or "q" or "role" or "status" or "sort") is { Value.Count: > 1 } repeated)
            return (null, ApiErrors.InvalidRequest.For(repeated.Key, "field_repeated", repeated.Key));

        var limit = UserPage.DefaultRows;
        if (Value("limit") is { } limitText)
        {
            if (limitText.Length is 0 or > 100 || !limitText.All(char.IsAsciiDigit) || limitText.All(c => c == '0'))
                return Invalid("limit", "1 - 200");
            // However many digits: more than the most is the most.
            limit = int.TryParse(limitText, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? Math.Min(number, UserPage.MostRows) : UserPage.MostRows;
        }

        var sortText = Value("sort") ?? "id";
        var descending = sortText.StartsWith('-');
        UserSort? sort = sortText.TrimStart('-') switch
        {
            _ when sortText.StartsWith("--", StringComparison.Ordinal) => null,
            "id" => UserSort.Id,
            "username" => UserSort.Username,
            "email" => UserSort.Email,
            "created_at" => UserSort.CreatedAt,
            _ => null,
        };
        if (sort is null)
            return Invalid("sort", "id, username, email, created_at");

        UserRole? role = null;
        if (Value("role") is { } roleText)
        {
            if (roleText is not ("USER" or "ADMIN"))
                return Invalid("role", "USER, ADMIN");
            role = roleText == "ADMIN" ? UserRole.Admin : UserRole.User;
        }
        bool? status = null;
        if (Value("status") is { } statusText)
        {
            if (statusText is not ("true" or "false"))
                return Invalid("status", "true, false");
            status = statusText == "true";
        }

        var prefix = Value("q") is { Length: > 0 } q ? q : null;
        // What no username or e-mail can begin with is still a fair question, unless the database could not be asked it.
        if (prefix is not null && (prefix.Length > 254 || prefix.Any(c => char.IsControl(c) || char.IsSurrogate(c))))
            return Invalid("q", "1 - 254");

        PagePosition? after = null;
        if (Value("after") is { } afterText && (after = cursor.Read(afterText, sort.Value, descending)) is null)
            return Invalid("after", "page.next");
        return (new UserPage(limit, sort.Value, descending, after, prefix?.ToUpperInvariant(), role, status), null);

        string? Value(string name) => query.TryGetValue(name, out var values) ? values.ToString() : null;
    }

    static (UserPage?, ApiError?) Invalid(string name, string expected) =>
        (null, ApiErrors.InvalidRequest.For(name, "value_invalid", name, expected));

    /// <summary>The same query at the next position, relative to the host: it holds behind any proxy (RFC 8288 §3.1).</summary>
    static string NextLink(HttpRequest request, string next)
    {
        var query = request.Query.Where(p => p.Key != "after").SelectMany(p => p.Value, (p, value) => KeyValuePair.Create(p.Key, value));
        return QueryHelpers.AddQueryString($"{request.PathBase}{request.Path}", query.Append(KeyValuePair.Create("after", (string?)next)));
    }
}
