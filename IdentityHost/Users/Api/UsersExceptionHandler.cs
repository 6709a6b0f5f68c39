using System.Data.Common;
using IdentityHost.Users.Passwords;
using Microsoft.AspNetCore.Diagnostics;

namespace IdentityHost.Users.Api;

/// <summary>Failures under the paths of the users API, in the envelope. The middleware that calls it logs them; no detail leaves.</summary>
internal sealed class UsersExceptionHandler : IExceptionHandler
{
    /// <summary>About how long a failover takes.</summary>
    static readonly TimeSpan DatabaseRetry = TimeSpan.FromSeconds(5);

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
        BadHttpRequestException bad => ApiErrors.OfStatus(bad.StatusCode),
        _ when IsDatabaseAway(exception) => ApiErrors.Unavailable(DatabaseRetry),
        _ => ApiErrors.ServerError,
    };

    /// <summary>EF wraps what the driver throws. SQLSTATE 08 is a lost connection, 53300 too many of them, 57P a server going down; an exhausted
    /// pool and a command that timed out come as a timeout inside.</summary>
    static bool IsDatabaseAway(Exception exception)
    {
        for (Exception? e = exception; e is not null; e = e.InnerException)
        {
            if (e is DbException { IsTransient: true } or DbException { InnerException: TimeoutException })
                return true;
            if (e is DbException { SqlState: { } state }
                && (state.StartsWith("08", StringComparison.Ordinal) || state.StartsWith("57P", StringComparison.Ordinal) || state == "53300"))
                return true;
        }
        return false;
    }
}

/// <summary>The paths whose every answer is in the envelope.</summary>
internal static class UsersPaths
{
    static readonly PathString[] Roots = ["/users", "/user", "/auth", "/logout"];

    public static bool Includes(PathString path) => Roots.Any(root => path.StartsWithSegments(root, StringComparison.OrdinalIgnoreCase));
}
