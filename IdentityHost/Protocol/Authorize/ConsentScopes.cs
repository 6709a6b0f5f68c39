using IdentityHost.Data.Entities;
using IdentityHost.Protocol.Clients;
using IdentityHost.Protocol.Tokens;

namespace IdentityHost.Protocol.Authorize;

/// <summary>
/// What people are asked for: the scopes of the tokens, and those that the claims come with which are asked for by name (OpenID Connect Core
/// §5.5), as far as the application may have them. Without the latter such a claim would never be told.
/// </summary>
internal static class ConsentScopes
{
    public static IReadOnlyList<string> Of(AuthorizationRequest request, Client client) =>
    [
        .. request.Scope.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Concat(RequestedClaims.Read(request.Claims, "userinfo").Scopes.Where(client.Scopes.Contains))
            .Concat(RequestedClaims.Read(request.Claims, "id_token").Scopes.Where(client.Scopes.Contains))
            .Distinct(StringComparer.Ordinal),
    ];
}
