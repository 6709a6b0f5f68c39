using System.Collections.Immutable;

namespace IdentityHost.Protocol.Clients;

/// <summary><c>token_endpoint_auth_method</c> values (RFC 7591 §2).</summary>
internal static class ClientAuthenticationMethods
{
    public const string None = "none";
    public const string Basic = "client_secret_basic";
    public const string Post = "client_secret_post";
    public const string PrivateKeyJwt = "private_key_jwt";

    /// <summary>Those by which a client proves who it is.</summary>
    public static readonly ImmutableArray<string> Proving = [Basic, Post, PrivateKeyJwt];

    /// <summary>Whether a client proves itself that way by a secret that we make and keep the hash of.</summary>
    public static bool NeedsSecret(string method) => method is Basic or Post;
}

/// <summary><c>grant_type</c> values (RFC 6749 §4).</summary>
internal static class GrantTypeNames
{
    public const string Password = "password";
    public const string RefreshToken = "refresh_token";
    public const string ClientCredentials = "client_credentials";
    public const string AuthorizationCode = "authorization_code";
}
