using IdentityHost.Data.Entities;
using IdentityHost.Protocol.Clients;

namespace IdentityHost.Protocol.Authorize;

/// <summary>An authorization request whose client and redirect URI are proven, while the checks read the rest of it.</summary>
/// <param name="Client">The application.</param>
/// <param name="Redirect">Where every answer goes from here on.</param>
/// <param name="Parameters">What it sent.</param>
/// <param name="Request">What the checks make of it.</param>
internal sealed record AuthorizeContext(Client Client, VerifiedRedirect Redirect, AuthorizeParameters Parameters, AuthorizationRequest Request)
{
    /// <summary>Whether an ID token is asked for: then the rules of OpenID Connect Core hold too.</summary>
    public bool IsOpenId => Parameters["scope"]?.Split(' ').Contains(Tokens.ScopeCatalog.OpenId) == true;
}

/// <summary>One rule of the authorization request: it reads its parameters into the request, or refuses it.</summary>
internal interface IAuthorizeCheck
{
    /// <summary>Null where the rule holds.</summary>
    ValueTask<ProtocolError?> CheckAsync(AuthorizeContext context, CancellationToken cancellationToken);
}
