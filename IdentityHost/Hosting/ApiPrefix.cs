using System.Collections.Immutable;

namespace IdentityHost.Hosting;

/// <summary>
/// Answers <c>/api/users</c>, <c>/api/user</c>, <c>/api/auth</c>, <c>/api/logout</c> and all below them as the same paths without <c>/api</c> (seed 004).
/// The path base stays, so cookies, links and DPoP's htu never see the prefix.
/// </summary>
internal sealed class ApiPrefix(RequestDelegate next)
{
    static readonly PathString Prefix = "/api";

    /// <summary>A closed list: everything else under /api is not found, so that no other endpoint gets a second address.</summary>
    static readonly ImmutableArray<PathString> Rebased = ["/users", "/user", "/auth", "/logout"];

    public Task InvokeAsync(HttpContext context)
    {
        if (context.Request.Path.StartsWithSegments(Prefix, StringComparison.OrdinalIgnoreCase, out var rest) && IsRebased(rest))
            context.Request.Path = rest;
        return next(context);
    }

    static bool IsRebased(PathString path)
    {
        foreach (var candidate in Rebased)
        {
            if (path.StartsWithSegments(candidate, StringComparison.OrdinalIgnoreCase))
                return true;
        }
        return false;
    }
}
