using IdentityHost.Protocol.Clients;

namespace IdentityHost.Protocol.Authorize.Checks;

/// <summary><c>code</c> and nothing else: a token never stands in an address (RFC 9700 §2.1.2). The application must have been given the code flow.</summary>
internal sealed class ResponseTypeCheck : IAuthorizeCheck
{
    public ValueTask<ProtocolError?> CheckAsync(AuthorizeContext context, CancellationToken cancellationToken) => new(Check(context));

    static ProtocolError? Check(AuthorizeContext context)
    {
        if (context.Parameters["response_type"] is not { } type)
            return ProtocolError.InvalidRequest("response_type is missing: send code.");
        if (type != "code")
            return new ProtocolError("unsupported_response_type", "Only response_type code is supported.");
        return context.Client.GrantTypes.Contains(GrantTypeNames.AuthorizationCode)
            ? null
            : ProtocolError.UnauthorizedClient("This application may not use authorization_code.");
    }
}
