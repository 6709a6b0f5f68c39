namespace IdentityHost.ResourceServer;

/// <summary>In <c>HttpContext.Features</c> once the request's bearer token was accepted.</summary>
public interface IAccessTokenFeature
{
    /// <summary>The request's access token, checked and not revoked.</summary>
    AccessToken Token { get; }
}

sealed class AccessTokenFeature(AccessToken token) : IAccessTokenFeature
{
    public AccessToken Token => token;
}
