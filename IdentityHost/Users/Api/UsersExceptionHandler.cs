using System.Collections.Immutable;
using IdentityHost.Users.Passwords;
using IdentityHost.Users.Pictures;
using Microsoft.AspNetCore.Diagnostics;

namespace IdentityHost.Users.Api;

/// <summary>Failures under the paths of the users API, in the envelope. The middleware that calls it logs them; no detail leaves.</summary>
internal sealed class UsersExceptionHandler : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (!UsersPaths.Includes(httpContext.Request.Path))
            return false;
        // Nobody is listening any more.
        if (httpContext.RequestAborted.IsCancellationRequested && exception is OperationCanceledException)
            return true;
        await ApiResult.WriteAsync(httpContext, Of(exception));
        return true;
    }

    internal static ApiError Of(Exception exception) => exception switch
    {
        HashingQueueFullException full => ApiErrors.Unavailable(full.RetryAfter),
        PictureQueueFullException => ApiErrors.Unavailable(PictureQueueFullException.RetryAfter),
        BadHttpRequestException bad => ApiErrors.OfStatus(bad.StatusCode),
        _ when DatabaseAway.Caused(exception) => ApiErrors.Unavailable(DatabaseAway.RetryAfter),
        _ => ApiErrors.ServerError,
    };
}

/// <summary>The paths whose every answer is in the envelope.</summary>
internal static class UsersPaths
{
    static readonly ImmutableArray<PathString> Roots = ["/users", "/user", "/auth", "/logout"];

    public static bool Includes(PathString path) => Roots.Any(root => path.StartsWithSegments(root, StringComparison.OrdinalIgnoreCase));
}
