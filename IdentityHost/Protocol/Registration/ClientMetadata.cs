using System.Text.Json.Nodes;

namespace IdentityHost.Protocol.Registration;

/// <summary>What an application registers itself as, after every check: what it asked for beyond what it may have is left out.</summary>
internal sealed record ClientMetadata
{
    public required string AuthenticationMethod { get; init; }

    /// <summary>The only algorithm of its assertions; null for the one of each key.</summary>
    public string? AssertionAlgorithm { get; init; }

    public required string[] GrantTypes { get; init; }

    public required string[] Scopes { get; init; }

    public required string[] RedirectUris { get; init; }

    public required string[] PostLogoutRedirectUris { get; init; }

    /// <summary>Origins whose scripts may call the endpoints that an application in a browser needs.</summary>
    public required string[] AllowedOrigins { get; init; }

    /// <summary>What people are shown; null for one that gives no name.</summary>
    public string? Name { get; init; }

    public string? BackchannelLogoutUri { get; init; }

    public required string IdTokenAlgorithm { get; init; }

    public string? UserinfoAlgorithm { get; init; }

    /// <summary>For pairwise subjects the host that stands for the sector (OpenID Connect Core §8.1); null for public ones.</summary>
    public string? SectorIdentifier { get; init; }

    /// <summary>The document that must list every redirect URI; null where none was named.</summary>
    public Uri? SectorIdentifierUri { get; init; }

    /// <summary>A JWK set, as it was sent.</summary>
    public string? Jwks { get; init; }

    /// <summary>Where its keys are read instead, for <c>private_key_jwt</c>.</summary>
    public Uri? JwksUri { get; init; }

    /// <summary>Seconds.</summary>
    public int? DefaultMaxAge { get; init; }

    /// <summary>All of it as it is told to the application (RFC 7591 §3.2.1), but for what the server adds.</summary>
    public required JsonObject Told { get; init; }
}
