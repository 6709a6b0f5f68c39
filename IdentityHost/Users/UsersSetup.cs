using IdentityHost.Data;
using IdentityHost.Data.Entities;
using IdentityHost.Users.Api;
using IdentityHost.Users.Endpoints;
using IdentityHost.Users.Links;
using IdentityHost.Users.Passwords;
using IdentityHost.Users.Pictures;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace IdentityHost.Users;

/// <summary>
/// Owns who people are: accounts, their passwords' hashes and policy, the links that are mailed to them, the first admin, and the envelope every answer of the users API comes in.
/// Routes: <c>/users</c>, <c>/users/register</c>, <c>/users/current</c>, <c>/users/me</c>, <c>/users/{id}</c>, <c>/users/{id}/status</c>, <c>/users/{id}/password</c>, <c>/users/{id}/picture</c>, <c>POST /user</c>, <c>/auth/register</c>.
/// Uses Data, Audit, Mail, Revocation and Limits. Must not know Protocol or SignIn: who is calling comes as claims, and how they proved it is not asked.
/// What stands in between is <see cref="ILoginAtUser"/>, which SignIn answers.
/// </summary>
internal static class UsersSetup
{
    public static WebApplicationBuilder AddUsers(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddOptions<PasswordsOptions>().BindConfiguration(PasswordsOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<PasswordsOptions>, PasswordsOptionsCheck>();
        services.AddOptions<UsersOptions>().BindConfiguration(UsersOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<UsersOptions>, UsersOptionsCheck>();
        services.AddSingleton<PasswordPolicy>();
        services.AddSingleton<PasswordHashing>();
        services.AddSingleton<PasswordChanges>();
        services.AddSingleton<PasswordReset>();
        services.AddScoped<LinkMail>();
        services.AddSingleton<EmailConfirmation>();
        services.AddSingleton<EmailChange>();

        // Before Identity adds its own, which only steps in where there is none.
        services.AddScoped<IUserValidator<User>, AccountValidator>();
        services.AddScoped<ILookupNormalizer, LookupNormalizer>();
        services.AddIdentityCore<User>().AddEntityFrameworkStores<HostDbContext>();
        services.AddScoped<Accounts>();
        services.AddScoped<AccountTransaction>();
        services.AddScoped<AccountCommands>();
        services.AddScoped<OwnProfile>();
        services.AddScoped<OwnAccount>();
        services.AddSingleton<OwnPasswordChange>();
        services.AddSingleton<Preconditions>();
        services.AddSingleton<IdempotencyKeys>();
        services.AddSingleton<UserReads>();
        services.AddSingleton<PictureStore>();
        services.AddSingleton<PictureRewriter>();
        services.AddSingleton<PictureUploads>();
        services.AddSingleton<PictureLinks>();
        services.AddSingleton<IStartupStep, PictureKey>();
        services.AddSingleton<PageCursor>();
        services.AddSingleton<Access>();
        services.AddScoped<RegisterEndpoint>();
        services.AddScoped<AccountsForOthers>();
        services.AddScoped<PasswordIssue>();
        services.AddScoped<CreateUserEndpoint>();

        services.AddSingleton<InitialPassword>();
        services.AddSingleton<IStartupStep>(provider => provider.GetRequiredService<InitialPassword>());
        services.AddSingleton<FirstAdmin>();
        services.AddSingleton<IStartupStep>(provider => provider.GetRequiredService<FirstAdmin>());
        services.AddExceptionHandler<UsersExceptionHandler>();
        return builder;
    }

    public static WebApplication MapUsers(this WebApplication app)
    {
        app.Use(AnswerInEnvelopeAsync);
        RegisterEndpoint.Map(app.MapGroup("").AddEndpointFilter<RouteGroupBuilder, IdempotencyFilter>());
        CurrentUserEndpoint.Map(app);
        ListUsersEndpoint.Map(app);
        GetUserEndpoint.Map(app);
        ReplaceUserEndpoint.Map(app);
        ChangeUserEndpoint.Map(app);
        SetStatusEndpoint.Map(app);
        IssuePasswordEndpoint.Map(app);
        DeleteUserEndpoint.Map(app);
        PictureEndpoint.Map(app);
        return app;
    }

    /// <summary>What routing refuses under our paths (404, 405 with its Allow) has no body yet; this gives it the envelope.</summary>
    static async Task AnswerInEnvelopeAsync(HttpContext context, RequestDelegate next)
    {
        await next(context);
        if (context.Response is { HasStarted: false, StatusCode: 404 or 405 or 415, ContentType: null } && UsersPaths.Includes(context.Request.Path))
            await ApiResult.WriteAsync(context, ApiErrors.OfStatus(context.Response.StatusCode));
    }
}
