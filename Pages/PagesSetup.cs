using System.Globalization;
using IdentityHost;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Pages;

/// <summary>What people see in a browser. Each page binds, calls one feature method and renders; texts are in Resources, in English and Indonesian.</summary>
internal static class PagesSetup
{
    public static WebApplicationBuilder AddPages(this WebApplicationBuilder builder)
    {
        builder.Services.AddRazorPages().AddMvcOptions(options => options.Filters.Add(new HandlerRequired()));
        builder.Services.AddOptions<AntiforgeryOptions>().Configure<Issuer>((options, issuer) =>
        {
            options.Cookie.Name = issuer.IsHttps ? "__Host-identityhost-form" : "identityhost-form";
            options.Cookie.SecurePolicy = issuer.IsHttps ? CookieSecurePolicy.Always : CookieSecurePolicy.None;
            options.Cookie.Path = "/";
            // SecurityHeaders says DENY, which is stricter.
            options.SuppressXFrameOptionsHeader = true;
        });
        return builder;
    }

    public static WebApplication MapPages(this WebApplication app)
    {
        app.MapRazorPages();
        return app;
    }

    /// <summary>For the lang attribute: the language the texts of this request are in.</summary>
    public static string Language => CultureInfo.CurrentUICulture.TwoLetterISOLanguageName;
}
