namespace IdentityHost.Protocol.Keys;

/// <summary>
/// What a signed token is, said in its header (<c>typ</c>), so that none can be taken for another (RFC 8725 §3.11).
/// </summary>
internal enum JwtType
{
    /// <summary><c>at+jwt</c> (RFC 9068 §2.1).</summary>
    AccessToken,

    /// <summary><c>JWT</c>: ID tokens and signed userinfo answers (OpenID Connect Core §2, §5.3.2).</summary>
    Plain,

    /// <summary><c>logout+jwt</c> (OpenID Connect Back-Channel Logout §2.4).</summary>
    LogoutToken,
}
