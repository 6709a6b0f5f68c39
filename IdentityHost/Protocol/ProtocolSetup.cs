using IdentityHost.Data;
using IdentityHost.Protocol.Authorize;
using IdentityHost.Protocol.Authorize.Checks;
using IdentityHost.Protocol.Clients;
using IdentityHost.Protocol.Endpoints;
using IdentityHost.Protocol.Grants;
using IdentityHost.Protocol.Keys;
using IdentityHost.Protocol.Logout;
using IdentityHost.Protocol.Registration;
using IdentityHost.Protocol.Tokens;
using IdentityHost.ResourceServer;
using IdentityHost.Revocation;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace IdentityHost.Protocol;

/// <summary>
/// The OAuth engine: clients, grants, tokens and keys.
/// Routes: <c>/connect/{authorize, token, revoke, introspect, revocations, userinfo, register, logout}</c>, <c>/.well-known/{openid-configuration, oauth-authorization-server, jwks}</c>.
/// It knows HTTP, the RFCs and what stands to its left (Data, Audit, Revocation); no user, page, provider or job. About people it asks
/// <see cref="ISubjects"/> and <see cref="ISubjectClaims"/>.
/// </summary>
internal static class ProtocolSetup
{
    public static WebApplicationBuilder AddProtocol(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddOptions<TokensOptions>().BindConfiguration("Tokens").ValidateOnStart();
        services.AddSingleton<IValidateOptions<TokensOptions>, TokensOptionsCheck>();
        // The longest that any node may issue, not what this one does: while the setting changes node by node, a token may outlive it.
        services.Configure<RevocationOptions>(revocation => revocation.Keep = TokensOptionsCheck.LongestAccessTokenLifetime + TimeSpan.FromMinutes(1));

        services.AddSingleton<SigningKeys>();
        services.AddSingleton<IAccessTokenKeys>(provider => provider.GetRequiredService<SigningKeys>());
        services.AddOptions<KeysOptions>().BindConfiguration("Keys").ValidateOnStart();
        services.AddSingleton<IValidateOptions<KeysOptions>, KeysOptionsCheck>();
        services.AddSingleton<AlgorithmsInUse>();
        services.AddSingleton<SigningKeySeal>();
        services.AddSingleton<KeyRotation>();
        services.AddSingleton<SigningKeyStore>();
        services.AddSingleton<IStartupStep>(provider => provider.GetRequiredService<SigningKeyStore>());
        services.AddSingleton<IRevocationListener>(provider => provider.GetRequiredService<SigningKeyStore>());
        services.AddSingleton<RefreshTokens>();
        services.AddSingleton<RefreshRotation>();
        services.AddSingleton<ServerKey>();
        services.AddSingleton<IStartupStep, ServerKeyStore>();
        services.AddSingleton<SubjectIdentifiers>();
        services.AddSingleton<ScopeCatalog>();
        services.AddSingleton<JwtSigner>();
        services.AddSingleton<TokenIssuer>();
        services.AddSingleton<IdTokens>();
        services.AddSingleton<IdTokenHints>();
        services.AddSingleton<ClaimRequests>();

        services.AddSingleton<DeclaredApplications>();
        services.AddSingleton<IStartupStep>(provider => provider.GetRequiredService<DeclaredApplications>());
        services.AddSingleton<Applications>();
        services.AddSingleton<IRevocationListener>(provider => provider.GetRequiredService<Applications>());
        services.AddSingleton<FetchedKeys>();
        services.AddSingleton<ClientAssertions>();
        services.AddSingleton<ClientAuthenticator>();
        services.AddSingleton<AllowedOrigins>();
        services.AddSingleton<IRevocationListener>(provider => provider.GetRequiredService<AllowedOrigins>());
        builder.AddRegistration();

        // The grants there are. A new one is a file and a line here.
        services.AddScoped<IGrant, PasswordGrant>();
        services.AddScoped<IGrant, AuthorizationCodeGrant>();
        services.AddScoped<IGrant, RefreshTokenGrant>();
        services.AddScoped<IGrant, ClientCredentialsGrant>();
        services.AddSingleton<GrantRows>();
        services.AddScoped<TokenEndpoint>();
        services.AddSingleton<AuthorizationCodes>();
        services.AddSingleton<AuthorizationRequests>();
        services.AddSingleton<Consents>();
        services.AddSingleton<ResourceCheck>();
        services.AddSingleton<IdTokenHintCheck>();
        services.AddSingleton<AuthorizeChecks>();
        services.AddSingleton<AuthorizeResponse>();
        services.AddScoped<NextSteps>();
        services.AddScoped<AuthorizeEndpoint>();
        services.AddScoped<ConsentPrompts>();
        services.AddSingleton<IssuedTokens>();
        services.AddScoped<RevocationEndpoint>();
        services.AddScoped<IntrospectionEndpoint>();
        services.AddScoped<RevocationStreamEndpoint>();
        services.AddSingleton<LogoutRequests>();
        services.AddSingleton<EndSessionEndpoint>();
        services.AddSingleton<LogoutTokens>();
        services.AddSingleton<DueLogouts>();
        services.AddSingleton<LogoutDelivery>();
        services.AddSingleton<IRevocationListener>(provider => provider.GetRequiredService<LogoutDelivery>());
        services.AddHostedService(provider => provider.GetRequiredService<LogoutDelivery>());
        services.AddSingleton<UserInfoEndpoint>();
        services.AddSingleton<DiscoveryEndpoint>();
        services.AddSingleton<JwksEndpoint>();
        services.AddExceptionHandler<ProtocolExceptionHandler>();
        return builder;
    }

    /// <summary>Applications that register themselves.</summary>
    static void AddRegistration(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddOptions<RegistrationOptions>().BindConfiguration("Registration").ValidateOnStart();
        services.AddSingleton<IValidateOptions<RegistrationOptions>, RegistrationOptionsCheck>();
        services.TryAddSingleton<Egress>();
        services.AddSingleton<MetadataRules>();
        services.AddSingleton<SectorIdentifiers>();
        services.AddSingleton<RegisteredClients>();
        services.AddSingleton<RegistrationLimit>();
        services.AddSingleton<RegistrationEndpoint>();
        services.AddSingleton<RegistrationManagementEndpoint>();
    }

    public static WebApplication MapProtocol(this WebApplication app)
    {
        app.UseMiddleware<CrossOrigin>();
        string[] browser = [HttpMethods.Get, HttpMethods.Post];
        app.MapMethods("/connect/authorize", browser, (HttpContext context, AuthorizeEndpoint endpoint) => endpoint.HandleAsync(context));
        app.MapGet("/connect/authorize/{id}", (HttpContext context, string id, AuthorizeEndpoint endpoint) => endpoint.ContinueAsync(context, id));
        app.MapGet("/connect/authorize/{id}/cancel", (HttpContext context, string id, AuthorizeEndpoint endpoint) => endpoint.CancelAsync(context, id));
        app.MapPost("/connect/token", (HttpContext context, TokenEndpoint endpoint) => endpoint.HandleAsync(context));
        app.MapPost("/connect/revoke", (HttpContext context, RevocationEndpoint endpoint) => endpoint.HandleAsync(context));
        app.MapPost("/connect/introspect", (HttpContext context, IntrospectionEndpoint endpoint) => endpoint.HandleAsync(context));
        app.MapGet("/connect/revocations", (HttpContext context, RevocationStreamEndpoint endpoint) => endpoint.HandleAsync(context));
        app.MapMethods(EndSessionEndpoint.Path, [HttpMethods.Get, HttpMethods.Post], (HttpContext context, EndSessionEndpoint endpoint) => endpoint.HandleAsync(context));
        app.MapMethods("/connect/userinfo", [HttpMethods.Get, HttpMethods.Post], (HttpContext context, UserInfoEndpoint endpoint) => endpoint.HandleAsync(context));
        app.MapPost(RegistrationEndpoint.Path, (HttpContext context, RegistrationEndpoint endpoint) => endpoint.HandleAsync(context));
        app.MapMethods(
            RegistrationEndpoint.Path + "/{client_id}",
            [HttpMethods.Get, HttpMethods.Put, HttpMethods.Delete],
            (HttpContext context, RegistrationManagementEndpoint endpoint) => endpoint.HandleAsync(context, (string)context.Request.RouteValues["client_id"]!));
        string[] read = [HttpMethods.Get, HttpMethods.Head];
        app.MapMethods("/.well-known/openid-configuration", read, (HttpContext context, DiscoveryEndpoint endpoint) => endpoint.HandleAsync(context));
        app.MapMethods("/.well-known/oauth-authorization-server", read, (HttpContext context, DiscoveryEndpoint endpoint) => endpoint.HandleAsync(context));
        app.MapMethods("/.well-known/jwks", read, (HttpContext context, JwksEndpoint endpoint) => endpoint.HandleAsync(context));
        return app;
    }
}
