namespace IdentityHost.Protocol.Authorize.Checks;

/// <summary>No parameter may be sent more than once (RFC 6749 §3.1): two readers could each see another one.</summary>
internal sealed class RepeatedParametersCheck : IAuthorizeCheck
{
    public ValueTask<ProtocolError?> CheckAsync(AuthorizeContext context, CancellationToken cancellationToken) => new(Check(context));

    static ProtocolError? Check(AuthorizeContext context) =>
        context.Parameters.AnyRepeated ? ProtocolError.InvalidRequest("A parameter is there more than once.") : null;
}
