namespace IdentityHost.Protocol.Authorize.Checks;

/// <summary>Parameters inside a JWT, by value or by address, are not taken (OpenID Connect Core §6): fetching an address that a stranger names is how a server is led inside its own network.</summary>
internal sealed class RequestObjectCheck : IAuthorizeCheck
{
    public ValueTask<ProtocolError?> CheckAsync(AuthorizeContext context, CancellationToken cancellationToken) => new(Check(context));

    static ProtocolError? Check(AuthorizeContext context)
    {
        if (context.Parameters["request_uri"] is not null)
            return new ProtocolError("request_uri_not_supported", "request_uri is not supported: send the parameters themselves.");
        if (context.Parameters["request"] is not null)
            return new ProtocolError("request_not_supported", "request objects are not supported: send the parameters themselves.");
        return context.Parameters["registration"] is not null
            ? new ProtocolError("registration_not_supported", "registration is not supported here: register at the registration endpoint.")
            : null;
    }
}
