namespace IdentityHost.Protocol.Authorize.Checks;

/// <summary>How the answer travels: <c>query</c> unless <c>fragment</c> or <c>form_post</c> is asked for (OAuth 2.0 Multiple Response Types §2.1, Form Post Response Mode). Among the first of all checks: the errors of the others travel by it.</summary>
internal sealed class ResponseModeCheck : IAuthorizeCheck
{
    public ValueTask<ProtocolError?> CheckAsync(AuthorizeContext context, CancellationToken cancellationToken) => new(Check(context));

    static ProtocolError? Check(AuthorizeContext context)
    {
        if (context.Parameters["response_mode"] is not { } mode)
            return null;
        if (mode is not (ResponseModes.Query or ResponseModes.Fragment or ResponseModes.FormPost))
            return ProtocolError.InvalidRequest("This response_mode is not known: use query, fragment or form_post.");
        context.Request.ResponseMode = mode;
        return null;
    }
}
