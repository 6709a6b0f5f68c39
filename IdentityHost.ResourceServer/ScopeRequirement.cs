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
        // Told by whatever policy failed (named, inline or fallback), and the first one is told to the client.
        else if (context.Resource is HttpContext http && http.Features.Get<MissingScope>() is null)
        {
            http.Features.Set(new MissingScope(requirement.Scope));
        }
        return Task.CompletedTask;
    }

    /// <summary>The first scope that was required of the request and that its token lacks; null where none is lacking.</summary>
    public static string? Missing(HttpContext context) => context.Features.Get<MissingScope>()?.Scope;

    sealed record MissingScope(string Scope);
}
