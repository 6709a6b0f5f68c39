namespace IdentityHost.Protocol.Authorize;

/// <summary>
/// What is wrong with an authorization request that is answered here instead of at the application's address, since that is not proven or
/// nobody vouches for it. The error page shows it.
/// </summary>
/// <param name="Error">What is wrong.</param>
/// <param name="ReturnAddress">Where the person may go on, if they want; null where no address is proven.</param>
/// <param name="ReturnHost">Its host, for people.</param>
internal sealed record AuthorizeFault(ProtocolError Error, string? ReturnAddress = null, string? ReturnHost = null)
{
    /// <summary>Answers 400 with the error page, whatever the caller accepts: it is a person's browser that stands here.</summary>
    public void Show(HttpContext context)
    {
        context.Features.Set(this);
        context.Request.Headers.Accept = "text/html";
        context.Response.StatusCode = StatusCodes.Status400BadRequest;
    }
}
