using Microsoft.AspNetCore.Diagnostics;

namespace IdentityHost.Protocol;

/// <summary>Unforeseen failures under <c>/connect</c>, in the protocol's own form. Detail goes to the log only.</summary>
internal sealed partial class ProtocolExceptionHandler(ILogger<ProtocolExceptionHandler> logger) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (!httpContext.Request.Path.StartsWithSegments("/connect", StringComparison.Ordinal))
            return false;
        var error = exception switch
        {
            BadHttpRequestException bad => new ProtocolError("invalid_request", "The request could not be read.", bad.StatusCode),
            _ when DatabaseAway.Caused(exception) => ProtocolError.TemporarilyUnavailable(DatabaseAway.RetryAfter),
            _ => new ProtocolError("server_error", "Something went wrong here; it was logged.", StatusCodes.Status500InternalServerError),
        };
        if (error.Status >= StatusCodes.Status500InternalServerError)
            Failed(logger, exception, error.Code);
        await ProtocolErrorWriter.WriteAsync(httpContext, error);
        return true;
    }

    [LoggerMessage(2001, LogLevel.Error, "A protocol request failed ({Code})")]
    static partial void Failed(ILogger logger, Exception exception, string code);
}
