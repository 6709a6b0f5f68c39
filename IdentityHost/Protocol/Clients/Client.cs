namespace IdentityHost.Protocol.Clients;

/// <summary>An authenticated application, as a request sees it.</summary>
/// <param name="ApplicationId">Its row.</param>
/// <param name="ClientId">Its <c>client_id</c>.</param>
/// <param name="Epoch">Goes into its tokens: raising the row's kills them.</param>
/// <param name="IsPublic">It has no secret, so what it says of itself proves nothing.</param>
/// <param name="GrantTypes">The <c>grant_type</c> values it may use.</param>
/// <param name="Scopes">The scopes it may ask for.</param>
/// <param name="Audiences">The audiences it is the resource server of.</param>
internal sealed record Client(
    long ApplicationId, string ClientId, int Epoch, bool IsPublic, string[] GrantTypes, string[] Scopes, string[] Audiences);
