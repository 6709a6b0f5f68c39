using System.Collections.Frozen;
using System.Text;
using IdentityHost.Protocol.Authorize;

namespace IdentityHost.Protocol.Clients;

/// <summary>One declared client (<c>Applications</c> array), upserted at every start.</summary>
internal sealed class ApplicationOptions
{
    /// <summary>The shortest secret accepted outside Development: with 32 random characters a fast hash is safe at rest.</summary>
    public const int MinimumSecretLength = 32;

    /// <summary>The longest, in characters: longer ones are refused unread where clients authenticate.</summary>
    public const int MaximumSecretLength = 512;

    static readonly FrozenSet<string> KnownGrantTypes = FrozenSet.Create(
        GrantTypeNames.Password, GrantTypeNames.RefreshToken, GrantTypeNames.ClientCredentials, GrantTypeNames.AuthorizationCode);
    static readonly FrozenSet<string> KnownMethods =
        FrozenSet.Create(ClientAuthenticationMethods.None, ClientAuthenticationMethods.Basic, ClientAuthenticationMethods.Post, ClientAuthenticationMethods.PrivateKeyJwt);

    public string ClientId { get; set; } = "";

    public string? ClientSecret { get; set; }

    /// <summary>When the secret stops working; never, if absent.</summary>
    public DateTimeOffset? ClientSecretExpiresAt { get; set; }

    public string DisplayName { get; set; } = "";

    public string[] GrantTypes { get; set; } = [];

    public string[] Scopes { get; set; } = [];

    /// <summary>The audiences that this application is the resource server of: it may introspect tokens for them (RFC 7662 §4).</summary>
    public string[] Audiences { get; set; } = [];

    /// <summary>Default: <c>client_secret_basic</c> with a secret, <c>private_key_jwt</c> with keys, <c>none</c> without either.</summary>
    public string? TokenEndpointAuthMethod { get; set; }

    /// <summary>The only algorithm of its assertions (<c>private_key_jwt</c>); if absent, the one that each key names or is usual for.</summary>
    public string? TokenEndpointAuthSigningAlg { get; set; }

    /// <summary>Its public keys, for <c>private_key_jwt</c>.</summary>
    public JwksOptions? Jwks { get; set; }

    /// <summary>Where its public keys are read instead.</summary>
    public string? JwksUri { get; set; }

    /// <summary><c>rolling</c> or <c>none</c>: see <see cref="RefreshRotations"/>.</summary>
    public string RefreshRotation { get; set; } = RefreshRotations.Rolling;

    /// <summary>Where the authorization endpoint may send people back to, compared character by character; of a loopback IP the port is free.</summary>
    public string[] RedirectUris { get; set; } = [];

    /// <summary>Where people may be sent after signing out.</summary>
    public string[] PostLogoutRedirectUris { get; set; } = [];

    /// <summary>Origins whose scripts may call the endpoints that an application in a browser needs (CORS), e.g. https://app.example.com.</summary>
    public string[] AllowedOrigins { get; set; } = [];

    /// <summary>Where logout tokens are posted (OpenID Connect Back-Channel Logout §2.2).</summary>
    public string? BackchannelLogoutUri { get; set; }

    /// <summary><c>explicit</c> or <c>implicit</c>: see <see cref="ConsentTypes"/>.</summary>
    public string Consent { get; set; } = ConsentTypes.Explicit;

    /// <summary>False for an application with a secret that cannot do PKCE.</summary>
    public bool RequirePkce { get; set; } = true;

    /// <summary>One of <c>Tokens:IdTokenAlgorithms</c>; the first of them, if absent.</summary>
    public string? IdTokenSignedResponseAlg { get; set; }

    public bool Enabled { get; set; } = true;

    public string EffectiveMethod =>
        TokenEndpointAuthMethod
        ?? (!string.IsNullOrEmpty(ClientSecret) ? ClientAuthenticationMethods.Basic
            : HasKeys ? ClientAuthenticationMethods.PrivateKeyJwt
            : ClientAuthenticationMethods.None);

    bool HasKeys => Jwks is not null || !string.IsNullOrEmpty(JwksUri);

    /// <summary>Why this declaration cannot be used, with the fix; or null.</summary>
    public string? Fault(bool development, Func<string, bool> scopeExists, IReadOnlyList<string> idTokenAlgorithms)
    {
        var who = $"Applications: '{ClientId}'";
        if (ClientId.Length is 0 or > 100 || !ClientId.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '~'))
            return $"{who}: ClientId must be 1 to 100 letters, digits or -_.~";
        if (ClientId.All(char.IsAsciiDigit))
            return $"{who}: ClientId must not be all digits: it is the sub of the client's own tokens and must never equal a user's id.";
        if (!KnownMethods.Contains(EffectiveMethod))
            return $"{who}: TokenEndpointAuthMethod '{EffectiveMethod}' is not known; use {string.Join(", ", KnownMethods.Order())}.";
        if (ClientAuthenticationMethods.NeedsSecret(EffectiveMethod) == string.IsNullOrEmpty(ClientSecret))
            return $"{who}: a client authenticates with a ClientSecret, with Jwks or JwksUri ('private_key_jwt'), or with TokenEndpointAuthMethod 'none': one of these.";
        if (ClientSecretExpiresAt is not null && string.IsNullOrEmpty(ClientSecret))
            return $"{who}: ClientSecretExpiresAt is the end of a ClientSecret, and there is none.";
        if (KeysFault(development) is { } keys)
            return $"{who}: {keys}";
        if (ClientSecret is { Length: < MinimumSecretLength } && !development)
            return $"{who}: ClientSecret must have at least {MinimumSecretLength} random characters: openssl rand -base64 32";
        if (ClientSecret is { Length: > MaximumSecretLength })
            return $"{who}: ClientSecret must not be longer than {MaximumSecretLength} characters.";
        if (DisplayName.Length > 100)
            return $"{who}: DisplayName must not be longer than 100 characters.";
        if (GrantTypes.FirstOrDefault(g => !KnownGrantTypes.Contains(g)) is { } unknown)
            return $"{who}: GrantTypes '{unknown}' is not supported; use {string.Join(", ", KnownGrantTypes.Order())}.";
        if (GrantTypes.Contains(GrantTypeNames.ClientCredentials) && EffectiveMethod == ClientAuthenticationMethods.None)
            return $"{who}: client_credentials needs a ClientSecret (RFC 6749 §4.4).";
        if (RefreshRotation is not (RefreshRotations.Rolling or RefreshRotations.None))
            return $"{who}: RefreshRotation '{RefreshRotation}' is not known; use {RefreshRotations.Rolling} or {RefreshRotations.None}.";
        if (RefreshRotation == RefreshRotations.None && EffectiveMethod == ClientAuthenticationMethods.None)
            return $"{who}: RefreshRotation none needs a ClientSecret: anybody could use a stolen refresh token of a public client, unseen (RFC 9700 §4.14.2).";
        if (Audiences.Length > 0 && EffectiveMethod == ClientAuthenticationMethods.None)
            return $"{who}: Audiences are for resource servers, which introspect tokens and need a ClientSecret for it.";
        if (RedirectFault(development, idTokenAlgorithms) is { } redirect)
            return $"{who}: {redirect}";
        return Scopes.FirstOrDefault(s => !scopeExists(s)) is { } scope ? $"{who}: the scope '{scope}' is not declared in Scopes." : null;
    }

    /// <summary>What is wrong with the part that concerns <c>private_key_jwt</c>.</summary>
    string? KeysFault(bool development)
    {
        if (HasKeys != (EffectiveMethod == ClientAuthenticationMethods.PrivateKeyJwt))
            return "Jwks or JwksUri are for TokenEndpointAuthMethod 'private_key_jwt', which needs one of them.";
        if (TokenEndpointAuthSigningAlg is { } algorithm && !ClientKeySet.Algorithms.Contains(algorithm))
            return $"TokenEndpointAuthSigningAlg '{algorithm}' is not known; use {string.Join(", ", ClientKeySet.Algorithms)}.";
        if (Jwks is not null && !string.IsNullOrEmpty(JwksUri))
            return "give Jwks or JwksUri, not both.";
        if (Jwks is not null && ClientKeySet.Parse(Encoding.UTF8.GetBytes(Jwks.ToJson()), TokenEndpointAuthSigningAlg) is null or { IsEmpty: true })
            return "Jwks holds no key that can be used: write the public JWK of an RSA key of 2048 bits at least, or of one on the curve P-256.";
        return !string.IsNullOrEmpty(JwksUri) && RedirectUriRules.BackchannelFault(JwksUri, development) is { } fault ? $"JwksUri '{JwksUri}': {fault}" : null;
    }

    /// <summary>What is wrong with the part that concerns the authorization endpoint.</summary>
    string? RedirectFault(bool development, IReadOnlyList<string> idTokenAlgorithms)
    {
        var usesCode = GrantTypes.Contains(GrantTypeNames.AuthorizationCode);
        if (usesCode && RedirectUris.Length == 0)
            return "authorization_code needs RedirectUris.";
        if (RedirectUris.Select(u => (Uri: u, Fault: RedirectUriRules.Fault(u))).FirstOrDefault(r => r.Fault is not null) is { Fault: { } fault } bad)
            return $"RedirectUris '{bad.Uri}': {fault}";
        if (PostLogoutRedirectUris.Select(u => (Uri: u, Fault: RedirectUriRules.Fault(u))).FirstOrDefault(r => r.Fault is not null) is { Fault: { } after } worse)
            return $"PostLogoutRedirectUris '{worse.Uri}': {after}";
        if (AllowedOrigins.FirstOrDefault(o => !RedirectUriRules.IsOrigin(o)) is { } origin)
            return $"AllowedOrigins '{origin}' is no origin; write scheme, host and port only, e.g. https://app.example.com";
        if (BackchannelLogoutUri is not null && RedirectUriRules.BackchannelFault(BackchannelLogoutUri, development) is { } channel)
            return $"BackchannelLogoutUri '{BackchannelLogoutUri}': {channel}";
        if (Consent is not (ConsentTypes.Explicit or ConsentTypes.Implicit))
            return $"Consent '{Consent}' is not known; use {ConsentTypes.Explicit} or {ConsentTypes.Implicit}.";
        if (!RequirePkce && EffectiveMethod == ClientAuthenticationMethods.None)
            return "RequirePkce false needs a ClientSecret: without either, whoever sees a code can use it (RFC 9700 §2.1.1).";
        return IdTokenSignedResponseAlg is null || idTokenAlgorithms.Contains(IdTokenSignedResponseAlg)
            ? null
            : $"IdTokenSignedResponseAlg '{IdTokenSignedResponseAlg}' is not one of Tokens:IdTokenAlgorithms, {string.Join(" and ", idTokenAlgorithms)}.";
    }
}
