namespace IdentityHost.Hosting;

/// <summary>
/// Owns what is true of every request whatever its path: the canonical host, limits, refused framing and methods, security headers, languages, the
/// answers to errors, health. Its middleware uses the framework only: it knows no feature.
/// </summary>
internal static class HostingSetup
{
    public static WebApplicationBuilder AddHosting(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton(Issuer.From(builder.Configuration, builder.Environment));
        builder.Services.AddSingleton(Branding.From(builder.Configuration, builder.Environment));
        builder.Services.AddSingleton<BrandAssets>();
        builder.AddProxyTrust();
        builder.AddConnectionLimits();
        builder.AddErrorAnswers();
        builder.AddLanguages();
        builder.AddHealth();
        // So that UseHosting can place both middlewares; features add their schemes and policies to these.
        builder.Services.AddAuthentication();
        builder.Services.AddAuthorization();
        return builder;
    }

    /// <summary>
    /// The pipeline in the order requests meet it; call before anything else is added. Routing, authentication and authorization are called here by
    /// hand because WebApplication otherwise puts them in front of everything, where the host is not yet canonical and /api not yet rebased.
    /// </summary>
    public static WebApplication UseHosting(this WebApplication app)
    {
        app.UseForwardedHeaders();
        app.UseMiddleware<CanonicalHost>();
        app.UseMiddleware<SecurityHeaders>();
        app.UseErrorAnswers();
        app.UseMiddleware<RequestGate>();
        app.UseRequestLocalization();
        app.UseMiddleware<ApiPrefix>();
        app.UseAssets();
        app.UseRouting();
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapHealth();
        BrandAssets.Map(app);
        return app;
    }
}
