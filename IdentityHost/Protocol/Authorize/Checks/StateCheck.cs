namespace IdentityHost.Protocol.Authorize.Checks;

/// <summary>What comes back as it was sent: <c>state</c> (RFC 6749 §4.1.1) and <c>nonce</c> (OpenID Connect Core §3.1.2.1), of a length that is kept.</summary>
internal sealed class StateCheck : IAuthorizeCheck
{
    public ValueTask<ProtocolError?> CheckAsync(AuthorizeContext context, CancellationToken cancellationToken) => new(Check(context));

    const int MaximumLength = 2000;

    static ProtocolError? Check(AuthorizeContext context)
    {
        var (state, nonce) = (context.Parameters["state"], context.Parameters["nonce"]);
        // Too long to be kept is too long to be sent back.
        if (state?.Length > MaximumLength)
            return ProtocolError.InvalidRequest("state is longer than 2000 characters.");
        context.Request.State = state;
        if (nonce?.Length > MaximumLength)
            return ProtocolError.InvalidRequest("nonce is longer than 2000 characters.");
        context.Request.Nonce = nonce;
        return null;
    }
}
