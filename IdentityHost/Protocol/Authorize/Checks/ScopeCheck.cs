using IdentityHost.Protocol.Grants;

namespace IdentityHost.Protocol.Authorize.Checks;

/// <summary>What is asked for must be what the application may have (RFC 6749 §3.3): never silently more, and never silently something else.</summary>
internal sealed class ScopeCheck : IAuthorizeCheck
{
    public ValueTask<ProtocolError?> CheckAsync(AuthorizeContext context, CancellationToken cancellationToken) => new(Check(context));

    static ProtocolError? Check(AuthorizeContext context)
    {
        if (RequestedScopes.Read(context.Parameters["scope"], context.Client).Failed(out var error, out var scopes))
            return error;
        context.Request.Scope = string.Join(' ', scopes);
        return null;
    }
}
