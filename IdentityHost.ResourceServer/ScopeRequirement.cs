using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;

namespace IdentityHost.ResourceServer;

/// <summary>Lets a request through whose token carries a scope.</summary>
sealed class ScopeRequirement(string scope) : AuthorizationHandler<ScopeRequirement>, IAuthorizationRequirement
{
    public string Scope => scope;

    protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, ScopeRequirement requirement)
    {
        if (context.User.HasClaim("scope", requirement.Scope))
        {
            context.Succeed(requirement);
        }
        return Task.CompletedTask;
    }

    /// <summary>The first scope that the endpoint requires and the token lacks; null where none is lacking.</summary>
    public static string? Missing(HttpContext context, AccessToken token)
    {
        foreach (var policy in context.GetEndpoint()?.Metadata.GetOrderedMetadata<AuthorizationPolicy>() ?? [])
        {
            foreach (var requirement in policy.Requirements)
            {
                if (requirement is ScopeRequirement needed && !token.Scopes.Contains(needed.Scope))
                {
                    return needed.Scope;
                }
            }
        }
        return null;
    }
}
