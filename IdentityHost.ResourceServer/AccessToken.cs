namespace IdentityHost.ResourceServer;

/// <summary>
/// The claims of an access token (RFC 9068) whose signature, issuer, audience and times have been checked.
/// Only <see cref="AccessTokenVerifier"/> should make one from text that came from outside.
/// </summary>
public sealed class AccessToken
{
    /// <summary>Who the token speaks for (<c>sub</c>): a user's id, or the client's own id for client credentials. Never empty.</summary>
    public required string Subject { get; init; }

    /// <summary>The application the token was issued to (<c>client_id</c>). Never empty.</summary>
    public required string ClientId { get; init; }

    /// <summary>The token's own id (<c>jti</c>), by which this one token is revoked. Never empty.</summary>
    public required string TokenId { get; init; }

    /// <summary>The key that signed it (<c>kid</c>). Never empty.</summary>
    public required string KeyId { get; init; }

    /// <summary>What the token allows (<c>scope</c>); empty if the claim is absent.</summary>
    public TokenScopes Scopes { get; init; }

    /// <summary>The sign-in session the token hangs on (<c>sid</c>), if a person signed in.</summary>
    public string? SessionId { get; init; }

    /// <summary>The grant the token hangs on (<c>gid</c>); absent for client credentials.</summary>
    public string? GrantId { get; init; }

    /// <summary>The user's epoch at issue (<c>uep</c>); "every token of this user" is revoked by raising it. Absent if no user is involved.</summary>
    public int? UserEpoch { get; init; }

    /// <summary>The application's epoch at issue (<c>aep</c>).</summary>
    public required int ApplicationEpoch { get; init; }

    /// <summary>The host's epoch at issue (<c>gep</c>).</summary>
    public required int GlobalEpoch { get; init; }

    /// <summary>The user's roles (<c>roles</c>), if the scope asked for them; otherwise empty.</summary>
    public IReadOnlyList<string> Roles { get; init; } = [];

    /// <summary>When the token was issued (<c>iat</c>), in whole seconds.</summary>
    public required DateTimeOffset IssuedAt { get; init; }

    /// <summary>The first instant at which the token is no longer good (<c>exp</c>), in whole seconds.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>The APIs the token is for (<c>aud</c>); the verifier's own audience is among them.</summary>
    public required IReadOnlyList<string> Audiences { get; init; }
}
