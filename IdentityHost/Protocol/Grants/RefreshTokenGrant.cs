using IdentityHost.Protocol.Clients;
using IdentityHost.Protocol.Tokens;

namespace IdentityHost.Protocol.Grants;

/// <summary>A refresh token for new tokens (RFC 6749 §6), rotated as RFC 9700 §4.14.2 asks and derived so that a lost answer loses no session.</summary>
internal sealed class RefreshTokenGrant(RefreshTokens tokens, RefreshRotation rotation) : IGrant
{
    public string GrantType => GrantTypeNames.RefreshToken;

    public async Task<Result<Granted>> RunAsync(GrantRequest request, CancellationToken cancellationToken)
    {
        if (request.Parameters["refresh_token"] is not { } text)
            return ProtocolError.InvalidRequest("The refresh_token grant needs refresh_token.");
        // Whoever the token belongs to, the client may not widen beyond what it may have: refused before the token is touched.
        var wish = request.Parameters["scope"];
        if (RequestedScopes.Read(wish, request.Client).Failed(out var error, out var asked))
            return error;
        if (tokens.Parse(text) is not { } parts)
            return Refused;
        // RFC 6749 §6: what was never granted cannot be asked for now; the new access token alone is narrower, the grant stays as it is.
        var narrower = new RefreshWish(wish is null ? [] : [.. asked], request.Parameters["resource"]);
        if (await rotation.RotateAsync(parts, narrower, request.Client, request.Address, cancellationToken) is not { } grant)
            return await rotation.WhyNotAsync(parts, narrower, request.Client, request.Address, cancellationToken) ?? Refused;
        // What the application may no longer have, and what the person's role no longer allows, is left out, even if nothing remains: the
        // client must get its successor, or its next try would count as a replay.
        var granted = (wish is null ? grant.Scope.Split(' ', StringSplitOptions.RemoveEmptyEntries) : asked)
            .Where(request.Client.Scopes.Contains).ToList();
        return new Granted(RequestedScopes.Narrow(granted, grant.Subject.Role), grant.Subject)
        {
            GrantId = grant.GrantId,
            RefreshToken = grant.Successor,
            GrantedAt = grant.CreatedAt,
            Resources = grant.Resources,
            Claims = grant.Claims,
        };
    }

    /// <summary>One answer for unknown, used, foreign and ended tokens.</summary>
    static ProtocolError Refused => ProtocolError.InvalidGrant("The refresh token does not work: it was used, has expired or was revoked.");
}
