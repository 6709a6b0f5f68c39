using IdentityHost.ResourceServer.Remote;
using IdentityHost.ResourceServer.Revocations;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace IdentityHost.ResourceServer;

/// <summary>Adds the bearer scheme, and the scopes that endpoints ask for.</summary>
public static class IdentityHostBearerExtensions
{
    /// <summary>
    /// Adds the scheme <see cref="IdentityHostBearerDefaults.AuthenticationScheme"/>, with keys and revocations of the issuer. An <see cref="IAccessTokenKeys"/>
    /// and an <see cref="IAccessTokenRevocations"/> that are among the services already are used instead.
    /// </summary>
    /// <param name="builder">What <c>AddAuthentication</c> answers.</param>
    /// <param name="configure">Sets at least the authority, the audience, and the client that the API is.</param>
    public static AuthenticationBuilder AddIdentityHostBearer(this AuthenticationBuilder builder, Action<IdentityHostBearerOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddMetrics();
        builder.Services.TryAddSingleton<RevokedTokens>();
        builder.Services.TryAddSingleton<ResourceServerMetrics>();
        if (!builder.Services.Any(s => s.ServiceType == typeof(IAccessTokenKeys)) || !builder.Services.Any(s => s.ServiceType == typeof(IAccessTokenRevocations)))
        {
            AddRemoteIssuer(builder.Services);
        }
        // A wrong option must stop the start, not the first request.
        builder.Services.AddOptions<IdentityHostBearerOptions>(IdentityHostBearerDefaults.AuthenticationScheme).ValidateOnStart();
        return builder.AddScheme<IdentityHostBearerOptions, BearerHandler>(IdentityHostBearerDefaults.AuthenticationScheme, configure);
    }

    static void AddRemoteIssuer(IServiceCollection services)
    {
        services.TryAddSingleton<IssuerConnection>();
        services.TryAddSingleton<RemoteKeys>();
        services.TryAddSingleton<IAccessTokenKeys>(provider => provider.GetRequiredService<RemoteKeys>());
        services.TryAddSingleton<Introspection>();
        services.TryAddSingleton<FeedFollower>();
        services.TryAddSingleton<IAccessTokenRevocations, RemoteRevocations>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<IdentityHostBearerOptions>, RemoteOptionsCheck>());
        services.AddHostedService<RemoteIssuer>();
    }

    /// <summary>Requires a token with this scope (RFC 6749 §3.3); without it the answer is 403 <c>insufficient_scope</c> and names it.</summary>
    /// <exception cref="ArgumentException">The name is empty or has characters that a scope cannot have.</exception>
    public static AuthorizationPolicyBuilder RequireScope(this AuthorizationPolicyBuilder policy, string scope)
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentException.ThrowIfNullOrEmpty(scope);
        // RFC 6749 §3.3; it is also what keeps the quoted string of the challenge whole.
        if (scope.AsSpan().IndexOfAnyExceptInRange('!', '~') >= 0 || scope.AsSpan().ContainsAny('"', '\\'))
        {
            throw new ArgumentException($"'{scope}' cannot be the name of a scope.", nameof(scope));
        }
        policy.Requirements.Add(new ScopeRequirement(scope));
        return policy.RequireAuthenticatedUser();
    }

    /// <inheritdoc cref="RequireScope(AuthorizationPolicyBuilder, string)"/>
    public static TBuilder RequireScope<TBuilder>(this TBuilder endpoints, string scope)
        where TBuilder : IEndpointConventionBuilder =>
        endpoints.RequireAuthorization(
            new AuthorizationPolicyBuilder(IdentityHostBearerDefaults.AuthenticationScheme).RequireScope(scope).Build());
}
