using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using IdentityHost.Protocol.Clients;
using IdentityHost.Protocol.Tokens;

namespace IdentityHost.Protocol.Grants;

/// <summary>An authorization code for tokens (RFC 6749 §4.1.3), with the verifier of its challenge (RFC 7636 §4.5).</summary>
internal sealed class AuthorizationCodeGrant(AuthorizationCodes codes, RefreshTokens refreshTokens) : IGrant
{
    public string GrantType => GrantTypeNames.AuthorizationCode;

    public async Task<Result<Granted>> RunAsync(GrantRequest request, CancellationToken cancellationToken)
    {
        var (client, parameters) = (request.Client, request.Parameters);
        if (parameters["code"] is not { } text)
            return ProtocolError.InvalidRequest("The authorization_code grant needs code.");
        if (codes.Parse(text) is not { } code)
            return Refused;
        var verifier = parameters["code_verifier"];
        if (verifier is not null && !IsVerifier(verifier))
            return Refused;
        var proof = new CodeProof(code, parameters["redirect_uri"], verifier is null ? null : ChallengeOf(verifier), parameters["resource"]);
        if (await codes.RedeemAsync(proof, client, request.Address, cancellationToken) is not { } redeemed)
            return await codes.WhyNotAsync(proof, client, cancellationToken) ?? Refused;
        var (bought, grantId, salt) = redeemed;
        // What the application may no longer have is left out.
        string[] scopes = [.. bought.Scope.Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(client.Scopes.Contains)];
        return new Granted(RequestedScopes.Narrow(scopes, bought.Subject.Role), bought.Subject)
        {
            GrantId = grantId,
            RefreshToken = client.MayRefresh && scopes.Contains(ScopeCatalog.OfflineAccess) ? refreshTokens.Derive(grantId, generation: 0, salt) : null,
            Resources = bought.Resources,
            Nonce = bought.Nonce,
            Claims = bought.Claims,
        };
    }

    /// <summary>One answer for unknown, used, expired and foreign codes, and for every proof that fails.</summary>
    static ProtocolError Refused => ProtocolError.InvalidGrant(
        "The code does not work: it was used, has expired, belongs to another client, or redirect_uri or code_verifier do not match.");

    /// <summary>RFC 7636 §4.1: 43 to 128 unreserved characters.</summary>
    static bool IsVerifier(string text) =>
        text.Length is >= 43 and <= 128 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_' or '~');

    /// <summary>RFC 7636 §4.6.</summary>
    static string ChallengeOf(string verifier) => Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)));
}
