using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace IdentityHost.ResourceServer;

/// <summary>Adds the bearer scheme, and the scopes that endpoints ask for.</summary>
public static class IdentityHostBearerExtensions
{
    /// <summary>
    /// Adds the scheme <see cref="IdentityHostBearerDefaults.AuthenticationScheme"/>. It needs an <see cref="IAccessTokenKeys"/> and an
    /// <see cref="IAccessTokenRevocations"/> among the services.
    /// </summary>
    /// <param name="builder">What <c>AddAuthentication</c> answers.</param>
    /// <param name="configure">Sets at least the authority and the audience.</param>
    public static AuthenticationBuilder AddIdentityHostBearer(this AuthenticationBuilder builder, Action<IdentityHostBearerOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.TryAddSingleton(TimeProvider.System);
        // A wrong option must stop the start, not the first request.
        builder.Services.AddOptions<IdentityHostBearerOptions>(IdentityHostBearerDefaults.AuthenticationScheme).ValidateOnStart();
        return builder.AddScheme<IdentityHostBearerOptions, BearerHandler>(IdentityHostBearerDefaults.AuthenticationScheme, configure);
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
