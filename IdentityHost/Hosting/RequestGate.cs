namespace IdentityHost.Hosting;

/// <summary>Refuses what no endpoint of ours wants to meet: ambiguous framing (400, and the connection closes) and methods we do not have (405).</summary>
internal sealed class RequestGate(RequestDelegate next)
{
    /// <summary>Every method some endpoint has. TRACE would echo credentials; X-HTTP-Method-Override is read by nothing.</summary>
    const string Allowed = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

    public Task InvokeAsync(HttpContext context)
    {
        var request = context.Request;
        if (request.Headers.TransferEncoding.Count > 0 && HasLength(request.Headers))
        {
            // Two lengths: a proxy may believe the one and we the other, and what follows would be somebody else's request (RFC 9112 section 6.3).
            context.Response.Headers.Connection = "close";
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return Task.CompletedTask;
        }
        if (!IsKnown(request.Method))
        {
            context.Response.Headers.Allow = Allowed;
            context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            return Task.CompletedTask;
        }
        return next(context);
    }

    /// <summary>Kestrel lets Transfer-Encoding win and moves the length it ignored to X-Content-Length before we see it.</summary>
    static bool HasLength(IHeaderDictionary headers) =>
        headers.ContentLength is not null || headers.ContainsKey("Content-Length") || headers.ContainsKey("X-Content-Length");

    /// <summary>By exact case (RFC 9110 section 9.1), which the framework's own comparison is lenient about.</summary>
    static bool IsKnown(string method) => method is "GET" or "POST" or "PATCH" or "PUT" or "DELETE" or "OPTIONS" or "HEAD";
}
