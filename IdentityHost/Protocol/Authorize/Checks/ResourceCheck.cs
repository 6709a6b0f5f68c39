using IdentityHost.Protocol.Tokens;

namespace IdentityHost.Protocol.Authorize.Checks;

/// <summary>The resource servers the token is for (RFC 8707 §2): those there are, and no fragment.</summary>
internal sealed class ResourceCheck(ScopeCatalog scopes) : IAuthorizeCheck
{
    public ValueTask<ProtocolError?> CheckAsync(AuthorizeContext context, CancellationToken cancellationToken) => new(Check(context));

    const int MaximumResources = 10;

    ProtocolError? Check(AuthorizeContext context)
    {
        string[] resources = [.. context.Parameters.All("resource").Distinct(StringComparer.Ordinal)];
        if (resources.Length > MaximumResources || !resources.All(scopes.IsAudience))
            return ProtocolError.InvalidTarget;
        context.Request.Resources = resources;
        return null;
    }
}
