using Microsoft.Extensions.Primitives;

namespace IdentityHost.Hosting;

/// <summary>
/// The headers browsers act on. Set as the answer starts, when its content type is known and after anything that clears the response; what an
/// endpoint set itself stays.
/// </summary>
internal sealed class SecurityHeaders(RequestDelegate next, Issuer issuer)
{
    /// <summary>
    /// No script (no page has one), no frame, nothing from elsewhere. There is no form-action: Chromium applies it to the redirects that follow a
    /// form too, and a consent or sign-in form ends in a redirect to the application.
    /// </summary>
    internal static readonly StringValues PagePolicy =
        "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; base-uri 'none'; frame-ancestors 'none'";

    internal static readonly StringValues ApiPolicy = "default-src 'none'; frame-ancestors 'none'";
    static readonly StringValues Permissions = "camera=(), geolocation=(), microphone=(), payment=(), usb=()";
    static readonly StringValues OneYear = "max-age=31536000; includeSubDomains";
    static readonly StringValues NoSniff = "nosniff";
    static readonly StringValues NoReferrer = "no-referrer";
    static readonly StringValues Deny = "DENY";
    static readonly StringValues SameOrigin = "same-origin";
    static readonly StringValues NoStore = "no-store";

    readonly Func<object, Task> start = issuer.IsHttps ? OnStartingHttps : OnStarting;

    public Task InvokeAsync(HttpContext context)
    {
        context.Response.OnStarting(start, context.Response);
        return next(context);
    }

    static Task OnStartingHttps(object state)
    {
        // Also when this hop is plain http behind a proxy: the browser's hop is not.
        ((HttpResponse)state).Headers.StrictTransportSecurity = OneYear;
        return OnStarting(state);
    }

    static Task OnStarting(object state)
    {
        var response = (HttpResponse)state;
        var headers = response.Headers;
        headers.XContentTypeOptions = NoSniff;
        headers["Referrer-Policy"] = NoReferrer;
        if (response.ContentType is { } type && type.StartsWith("text/html", StringComparison.OrdinalIgnoreCase))
        {
            headers.TryAdd("Content-Security-Policy", PagePolicy);
            headers.XFrameOptions = Deny;
            headers["Permissions-Policy"] = Permissions;
            headers["Cross-Origin-Opener-Policy"] = SameOrigin;
            // Pages show who somebody is; the back button after signing out must not.
            headers.TryAdd("Cache-Control", NoStore);
        }
        else
        {
            headers.TryAdd("Content-Security-Policy", ApiPolicy);
        }
        return Task.CompletedTask;
    }
}
