using System.Collections.Immutable;
using IdentityHost.Protocol.Tokens;
using IdentityHost.ResourceServer;
using Microsoft.Extensions.Options;

namespace IdentityHost.Protocol.Keys;

/// <summary>The JWS algorithms this host signs with (RFC 7518 §3.1). Each has a chain of keys of its own.</summary>
internal sealed class AlgorithmsInUse
{
    /// <summary>All that it can sign with.</summary>
    public static readonly ImmutableArray<string> Known = [AccessTokenKey.Es256, AccessTokenKey.Rs256];

    public AlgorithmsInUse(IOptions<TokensOptions> tokens)
    {
        AccessToken = tokens.Value.AccessTokenAlgorithm;
        IdTokens = tokens.Value.IdTokenAlgorithmList;
        All = [.. IdTokens.Prepend(AccessToken).Distinct(StringComparer.Ordinal)];
        AccessTokens = [AccessToken, .. Known.Remove(AccessToken)];
    }

    /// <summary>Those that must have a signing key.</summary>
    public ImmutableArray<string> All { get; }

    /// <summary>What access tokens are signed with by the setting.</summary>
    public string AccessToken { get; }

    /// <summary>Those that an application may choose for its ID tokens and userinfo answers; the first is what it gets unasked.</summary>
    public ImmutableArray<string> IdTokens { get; }

    /// <summary>
    /// For access tokens, the configured one first. The others stand in only while its first key is announced and not yet active, after the setting
    /// has changed: a resource server with a cached JWKS must not meet a key that it could not know.
    /// </summary>
    public ImmutableArray<string> AccessTokens { get; }
}
