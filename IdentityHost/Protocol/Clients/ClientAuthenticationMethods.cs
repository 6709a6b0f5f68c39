namespace IdentityHost.Protocol.Clients;

/// <summary><c>token_endpoint_auth_method</c> values (RFC 7591 §2).</summary>
internal static class ClientAuthenticationMethods
{
    public const string None = "none";
    public const string Basic = "client_secret_basic";
    public const string Post = "client_secret_post";
}

/// <summary><c>grant_type</c> values (RFC 6749 §4).</summary>
internal static class GrantTypeNames
{
    public const string Password = "password";
    public const string RefreshToken = "refresh_token";
    public const string ClientCredentials = "client_credentials";
    public const string AuthorizationCode = "authorization_code";
}
