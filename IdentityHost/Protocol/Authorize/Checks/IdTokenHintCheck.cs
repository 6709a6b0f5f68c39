using IdentityHost.Protocol.Tokens;

namespace IdentityHost.Protocol.Authorize.Checks;

/// <summary>
/// Whom the application expects (<c>id_token_hint</c>, OpenID Connect Core §3.1.2.1): an ID token of its own. One that names nobody is answered as
/// if another person were signed in, and tells no more: it may be old beyond our keys, or never ours.
/// </summary>
internal sealed class IdTokenHintCheck(IdTokenHints hints) : IAuthorizeCheck
{
    public async ValueTask<ProtocolError?> CheckAsync(AuthorizeContext context, CancellationToken cancellationToken)
    {
        if (context.Parameters["id_token_hint"] is not { } token)
            return null;
        if (await hints.VerifyAsync(token, context.Client.ClientId, cancellationToken) is not { UserId: { } person })
            return ProtocolError.LoginRequired with { Detail = "The id_token_hint is not an ID token of this application about somebody known." };
        context.Request.HintedUserId = person;
        return null;
    }
}
