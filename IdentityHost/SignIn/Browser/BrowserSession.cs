using System.Globalization;
using System.Security.Claims;
using IdentityHost.Protocol;
using IdentityHost.Protocol.Tokens;
using Microsoft.AspNetCore.Authentication.Cookies;

namespace IdentityHost.SignIn.Browser;

/// <summary>
/// The cookie of the pages: its name, its attributes, and who may read it. No API accepts it (<c>/users</c> wants a bearer token), so a page of
/// somebody else's cannot act by it.
/// </summary>
internal static class BrowserSession
{
    /// <summary>The authentication scheme; never the default one.</summary>
    public const string Scheme = "Browser";

    public const string SignInPath = "/sign-in";

    const string CookieName = "identityhost";

    public static void AddBrowserSession(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddOptions<BrowserSessionOptions>().BindConfiguration("Sessions")
            .Validate(o => o.IsValid, "Sessions: IdleLifetime must be at least 00:01:00, AbsoluteLifetime not below IdleLifetime and at most 365 days (defaults 1.00:00:00 and 14.00:00:00).")
            .ValidateOnStart();
        services.AddSingleton<BrowserSessions>();
        services.AddScoped<BrowserSignIn>();
        services.AddScoped<IBrowserSubjects, BrowserSubjects>();
        services.AddScoped<SignUp>();
        services.AddScoped<OwnEmail>();
        services.AddSingleton<AccountOverviews>();
        services.AddSingleton<ConnectedApplications>();
        services.AddAuthentication().AddCookie(Scheme);
        services.AddOptions<CookieAuthenticationOptions>(Scheme).Configure<Issuer, BrowserSessions>((options, issuer, sessions) =>
        {
            // __Host- makes browsers refuse it from another host, path or plain http. On an http loopback issuer they would refuse ours.
            options.Cookie.Name = issuer.IsHttps ? "__Host-" + CookieName : CookieName;
            options.Cookie.SecurePolicy = issuer.IsHttps ? CookieSecurePolicy.Always : CookieSecurePolicy.None;
            options.Cookie.HttpOnly = true;
            options.Cookie.SameSite = SameSiteMode.Lax;
            options.Cookie.Path = "/";
            options.Cookie.IsEssential = true;
            // The row decides how long; the cookie itself ends with the browser.
            options.SlidingExpiration = false;
            options.ExpireTimeSpan = TimeSpan.FromDays(400);
            options.LoginPath = SignInPath;
            options.ReturnUrlParameter = "return_to";
            options.Events.OnValidatePrincipal = context => ValidateAsync(context, sessions);
        });
    }

    /// <summary>What the cookie carries: which session, and when its person last proved who they are. After they do so again it is worth nothing.</summary>
    public static ClaimsPrincipal TicketOf(BrowserTicket ticket) => new(new ClaimsIdentity(
        [
            new Claim(BrowserClaims.Session, Identifiers.Text(ticket.SessionId)),
            new Claim(BrowserClaims.AuthTime, ticket.AuthTime.ToString("O", CultureInfo.InvariantCulture)),
        ],
        Scheme));

    static async Task ValidateAsync(CookieValidatePrincipalContext context, BrowserSessions sessions)
    {
        var person = Guid.TryParseExact(context.Principal?.FindFirstValue(BrowserClaims.Session), "N", out var id)
            && DateTimeOffset.TryParseExact(
                context.Principal.FindFirstValue(BrowserClaims.AuthTime), "O", CultureInfo.InvariantCulture, DateTimeStyles.None, out var authTime)
            ? await sessions.FindAsync(new BrowserTicket(id, authTime), context.HttpContext.RequestAborted)
            : null;
        if (person is null)
            context.RejectPrincipal();
        else
            context.ReplacePrincipal(person.ToPrincipal());
    }
}
