namespace IdentityHost.Protocol.Clients;

/// <summary>An application as a request sees it: what its row said when it was last changed.</summary>
/// <param name="ApplicationId">Its row.</param>
/// <param name="ClientId">Its <c>client_id</c>.</param>
/// <param name="Epoch">Goes into its tokens: raising the row's kills them.</param>
/// <param name="IsPublic">It has no secret, so what it says of itself proves nothing.</param>
/// <param name="GrantTypes">The <c>grant_type</c> values it may use.</param>
/// <param name="Scopes">The scopes it may ask for.</param>
/// <param name="Audiences">The audiences it is the resource server of.</param>
internal sealed record Client(
    long ApplicationId, string ClientId, int Epoch, bool IsPublic, string[] GrantTypes, string[] Scopes, string[] Audiences)
{
    /// <summary>What people are shown.</summary>
    public string DisplayName { get; init; } = ClientId;

    /// <summary>Where its authorization responses may go, as it wrote them.</summary>
    public string[] RedirectUris { get; init; } = [];

    /// <summary>Where people may be sent after signing out.</summary>
    public string[] PostLogoutRedirectUris { get; init; } = [];

    /// <summary>Origins whose scripts may call the endpoints that an application in a browser needs.</summary>
    public string[] AllowedOrigins { get; init; } = [];

    /// <summary>Where logout tokens go; null for none.</summary>
    public string? BackchannelLogoutUri { get; init; }

    /// <summary>One of <see cref="ConsentTypes"/>.</summary>
    public string Consent { get; init; } = ConsentTypes.Explicit;

    /// <summary>Whether its authorization requests must carry a code challenge.</summary>
    public bool RequirePkce { get; init; } = true;

    /// <summary>What its ID tokens are signed with.</summary>
    public string IdTokenAlgorithm { get; init; } = "RS256";

    /// <summary>What its userinfo answers are signed with; null for plain JSON.</summary>
    public string? UserinfoAlgorithm { get; init; }

    /// <summary>The sector whose applications know people by the same pairwise <c>sub</c> (OpenID Connect Core §8.1); null for public ones.</summary>
    public string? SectorIdentifier { get; init; }

    /// <summary>The <c>max_age</c> of requests that name none, in seconds.</summary>
    public int? DefaultMaxAge { get; init; }

    /// <summary>What it registered with, as JSON (RFC 7591 §2); null for one that the operator declared.</summary>
    public string? RegisteredMetadata { get; init; }

    /// <summary>Nobody but the application itself vouches for it: nothing is sent to its addresses before a person has agreed (RFC 9700 §4.11.2).</summary>
    public bool IsUntrusted => Consent == ConsentTypes.Untrusted;

    /// <summary>Whether it may ever refresh.</summary>
    public bool MayRefresh => GrantTypes.Contains(GrantTypeNames.RefreshToken);
}

/// <summary>Whether people are asked before an application gets anything.</summary>
internal static class ConsentTypes
{
    /// <summary>They are, once for what it asks for.</summary>
    public const string Explicit = "explicit";

    /// <summary>They are not: it is the operator's own.</summary>
    public const string Implicit = "implicit";

    /// <summary>They are, and until they have agreed even errors are shown here instead of being sent on: anybody may have registered it.</summary>
    public const string Untrusted = "untrusted";
}
