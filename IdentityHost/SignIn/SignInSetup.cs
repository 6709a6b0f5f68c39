using IdentityHost.Limits;
using IdentityHost.Protocol;
using IdentityHost.Protocol.Tokens;
using IdentityHost.ResourceServer;
using IdentityHost.SignIn.Browser;
using IdentityHost.SignIn.Endpoints;
using IdentityHost.SignIn.Providers;
using IdentityHost.Users.Api;
using IdentityHost.Users.Endpoints;
using Microsoft.Extensions.Options;

namespace IdentityHost.SignIn;

/// <summary>
/// How people prove who they are: the one door, attempts, sessions, and the bearer scheme of our own APIs.
/// Routes: <c>/users/login</c>, <c>/users/logout</c> and their aliases, <c>/users/auth/google</c>, the writes below <c>/users/current</c> and their aliases. Joins Protocol (tokens) and Users (people), which do not know one
/// another; knows no page and no job.
/// </summary>
internal static class SignInSetup
{
    public static WebApplicationBuilder AddSignIn(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddOptions<SignInLimits>().BindConfiguration("RateLimits:SignIn")
            .PostConfigure<IOptions<RateLimits>>((limits, all) => limits.Failures = all.Value.Enabled ? limits.Failures : int.MaxValue)
            .ValidateOnStart();
        services.AddSingleton<IValidateOptions<SignInLimits>, SignInLimitsCheck>();
        services.AddSingleton<Attempts>();
        services.AddSingleton<Sessions>();
        services.AddScoped<Authenticate>();
        services.AddScoped<ISubjects, PasswordSignIn>();
        services.AddSingleton<ISubjectClaims, Subjects>();
        services.AddScoped<LoginEndpoint>();
        services.AddScoped<ILoginAtUser, LoginEndpoint>();
        services.AddScoped<LogoutEndpoint>();
        services.AddScoped<OwnPassword>();
        services.AddSingleton<OwnSession>();
        services.AddScoped<OwnAccountEndpoint>();
        services.AddScoped<DeleteSelfEndpoint>();
        services.AddScoped<OwnSessionsEndpoint>();
        builder.AddBearer();
        builder.AddBrowserSession();
        builder.AddGoogle();
        return builder;
    }

    public static WebApplication MapSignIn(this WebApplication app)
    {
        LoginEndpoint.Map(app);
        LogoutEndpoint.Map(app);
        OwnAccountEndpoint.Map(app);
        DeleteSelfEndpoint.Map(app);
        OwnSessionsEndpoint.Map(app);
        GoogleEndpoint.Map(app);
        return app;
    }

    /// <summary>The host validates its own tokens as every resource server does, with keys and revocations at hand. The issuer's clock needs no leeway.</summary>
    static void AddBearer(this WebApplicationBuilder builder)
    {
        builder.Services.AddAuthentication(IdentityHostBearerDefaults.AuthenticationScheme).AddIdentityHostBearer(bearer =>
        {
            // Seed 004 sends the token without the word Bearer.
            bearer.AcceptBareToken = true;
            bearer.WriteChallenge = AnswerAsync;
            bearer.WriteForbidden = AnswerAsync;
        });
        builder.Services.AddOptions<IdentityHostBearerOptions>(IdentityHostBearerDefaults.AuthenticationScheme)
            .Configure<Issuer, IOptions<TokensOptions>>((bearer, issuer, tokens) =>
            {
                bearer.Authority = issuer.Value;
                bearer.Audience = issuer.Value;
                bearer.MaximumLifetime = tokens.Value.AccessTokenLifetime;
            });
    }

    static Task AnswerAsync(BearerChallenge challenge)
    {
        var context = challenge.HttpContext;
        if (!UsersPaths.Includes(context.Request.Path))
            return Task.CompletedTask;
        return challenge.Failure switch
        {
            BearerFailure.None => UsersChallenge.NoTokenAsync(context),
            BearerFailure.Revoked => UsersChallenge.RevokedAsync(context),
            BearerFailure.InsufficientScope => UsersChallenge.InsufficientScopeAsync(context, challenge.RequiredScope),
            BearerFailure.Forbidden => UsersChallenge.ForbiddenAsync(context),
            _ => UsersChallenge.InvalidTokenAsync(context),
        };
    }
}
