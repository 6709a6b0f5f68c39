using Microsoft.Extensions.Options;

namespace IdentityHost.Hosting;

/// <summary>
/// Sets scheme, host and path base of every request from <see cref="IssuerOptions"/>, so that nothing behind it can be led by a Host header: not the
/// issuer, redirect URIs, links in mail, cookies or passkeys (DESIGN §3 rule 10).
/// </summary>
internal sealed class CanonicalHost
{
    readonly RequestDelegate next;
    readonly string scheme;
    readonly HostString host;
    readonly PathString pathBase;

    public CanonicalHost(RequestDelegate next, IOptions<IssuerOptions> options)
    {
        this.next = next;
        var issuer = new Uri(options.Value.Issuer);
        scheme = issuer.Scheme;
        host = new HostString(IssuerValidator.HostAndPort(issuer));
        pathBase = issuer.AbsolutePath == "/" ? PathString.Empty : PathString.FromUriComponent(issuer.AbsolutePath);
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

internal static class CanonicalHostSetup
{
    public static void AddIssuer(this WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<IssuerOptions>()
            .Configure<IConfiguration, IHostEnvironment>((options, configuration, environment) =>
                options.Issuer = configuration["Issuer"] is { Length: > 0 } issuer ? issuer
                    : environment.IsDevelopment() ? IssuerOptions.DevelopmentDefault : "")
            .ValidateOnStart();
        builder.Services.AddSingleton<IValidateOptions<IssuerOptions>, IssuerValidator>();
    }
}
