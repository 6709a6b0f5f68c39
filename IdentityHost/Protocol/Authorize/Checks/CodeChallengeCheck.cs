namespace IdentityHost.Protocol.Authorize.Checks;

/// <summary>PKCE with S256 (RFC 7636), for everybody but those whom the operator has exempted (RFC 9700 §2.1.1). <c>plain</c> protects against nobody who can read the request.</summary>
internal sealed class CodeChallengeCheck : IAuthorizeCheck
{
    public ValueTask<ProtocolError?> CheckAsync(AuthorizeContext context, CancellationToken cancellationToken) => new(Check(context));

    /// <summary>Characters of a SHA-256 in base64url.</summary>
    const int Length = 43;

    static ProtocolError? Check(AuthorizeContext context)
    {
        var (challenge, method) = (context.Parameters["code_challenge"], context.Parameters["code_challenge_method"]);
        if (challenge is null)
        {
            if (method is not null)
                return ProtocolError.InvalidRequest("code_challenge_method is there without a code_challenge.");
            return context.Client.RequirePkce ? ProtocolError.InvalidRequest("code_challenge is missing: PKCE with S256 is required.") : null;
        }
        // Absent means plain (RFC 7636 section 4.3).
        if (method != "S256")
            return ProtocolError.InvalidRequest("code_challenge_method must be S256.");
        if (challenge.Length != Length || !challenge.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
            return ProtocolError.InvalidRequest("code_challenge must be a SHA-256 in base64url without padding, 43 characters.");
        context.Request.CodeChallenge = challenge;
        return null;
    }
}
