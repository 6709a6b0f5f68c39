using IdentityHost.SignIn.External;
using IdentityHost.Users.Endpoints;
using Microsoft.AspNetCore.Authentication.OAuth;
using Microsoft.Extensions.Options;

namespace IdentityHost.SignIn.Providers;

/// <summary>Sign-in with Google. Without credentials the scheme does not exist, and costs no request anything.</summary>
internal static class GoogleSetup
{
    public static void AddGoogle(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        var section = builder.Configuration.GetSection(GoogleOptions.Section);
        services.AddOptions<GoogleOptions>().Bind(section);
        services.AddSingleton<UsedStates>();
        services.AddSingleton<Handoffs>();
        services.AddSingleton<PendingLinks>();
        services.AddSingleton<GoogleSignIn>();
        services.AddSingleton<PictureFetches>();
        services.AddHostedService(provider => provider.GetRequiredService<PictureFetches>());
        services.AddScoped<ExternalAccounts>();
        services.AddScoped<ExternalSignIn>();
        services.AddScoped<ExternalLinks>();
        services.AddScoped<ExternalArrival>();
        services.AddScoped<LinkingByPerson>();
        services.AddScoped<IHandoffAtCurrent, Endpoints.HandoffEndpoint>();

        var google = section.Get<GoogleOptions>() ?? new GoogleOptions();
        if (google.Fault() is { } fault)
            throw new InvalidOperationException(fault);
        if (!google.IsConfigured)
            return;
        services.AddSingleton<GoogleBackchannel>();
        services.AddSingleton<GoogleKeys>();
        services.AddSingleton<GoogleIdToken>();
        services.AddSingleton<GoogleEvents>();
        services.AddScoped<GoogleArrival>();
        services.AddAuthentication().AddOAuth<OAuthOptions, Google>(Google.SchemeName, _ => { });
        services.AddOptions<OAuthOptions>(Google.SchemeName).Configure<IOptions<GoogleOptions>, GoogleBackchannel, Issuer, GoogleEvents>(Configure);
    }

    static void Configure(OAuthOptions options, IOptions<GoogleOptions> google, GoogleBackchannel backchannel, Issuer issuer, GoogleEvents events)
    {
        options.ClientId = google.Value.ClientId;
        options.ClientSecret = google.Value.ClientSecret;
        options.AuthorizationEndpoint = google.Value.AuthorizationEndpoint;
        options.TokenEndpoint = google.Value.TokenEndpoint;
        options.CallbackPath = GoogleOptions.CallbackPath;
        options.SignInScheme = Browser.BrowserSession.Scheme;
        options.Events = events;
        options.Backchannel = backchannel.Client;
        options.RemoteAuthenticationTimeout = Google.Lifetime;
        options.UsePkce = true;
        options.SaveTokens = false;
        options.Scope.Add("openid");
        options.Scope.Add("email");
        options.Scope.Add("profile");
        // Lax is enough: Google comes back by a top-level GET.
        options.CorrelationCookie.Name = FlowCookie.Name(issuer, "google.");
        options.CorrelationCookie.Path = "/";
        options.CorrelationCookie.HttpOnly = true;
        options.CorrelationCookie.SameSite = SameSiteMode.Lax;
        options.CorrelationCookie.SecurePolicy = issuer.IsHttps ? CookieSecurePolicy.Always : CookieSecurePolicy.None;
    }
}
