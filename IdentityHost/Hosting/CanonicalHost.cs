namespace IdentityHost.Hosting;

/// <summary>
/// Sets scheme, host and path base of every request from <see cref="Issuer"/>, so that nothing behind it can be led by a Host header: not the
/// issuer, redirect URIs, links in mail, cookies or passkeys (DESIGN §3 rule 10).
/// </summary>
internal sealed class CanonicalHost
{
    readonly RequestDelegate next;
    readonly string scheme;
    readonly HostString host;
    readonly PathString pathBase;

    public CanonicalHost(RequestDelegate next, Issuer issuer)
    {
        this.next = next;
        scheme = issuer.Uri.Scheme;
        host = new HostString(issuer.Authority);
        pathBase = issuer.Uri.AbsolutePath == "/" ? PathString.Empty : PathString.FromUriComponent(issuer.Uri.AbsolutePath);
    }

    public Task InvokeAsync(HttpContext context)
    {
        var request = context.Request;
        request.Scheme = scheme;
        request.Host = host;
        request.PathBase = pathBase;
        // A proxy in front may have taken the issuer's path off already, or not.
        if (pathBase.HasValue && request.Path.StartsWithSegments(pathBase, StringComparison.Ordinal, out var rest))
            request.Path = rest;
        return next(context);
    }
}
