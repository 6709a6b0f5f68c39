using IdentityHost.Protocol.Authorize.Checks;

namespace IdentityHost.Protocol.Authorize;

/// <summary>The rules of an authorization request in the order in which they are asked. A new one is a file in <c>Checks/</c> and a line here.</summary>
internal sealed class AuthorizeChecks(ResourceCheck resources, IdTokenHintCheck idTokenHint)
{
    readonly IAuthorizeCheck[] _all =
    [
        // By these two every error travels, so the state is known before anything can be wrong.
        new StateCheck(),
        new ResponseModeCheck(),
        new RepeatedParametersCheck(),
        new RequestObjectCheck(),
        new ResponseTypeCheck(),
        new CodeChallengeCheck(),
        new ScopeCheck(),
        new PromptCheck(),
        new MaxAgeCheck(),
        resources,
        new ClaimsCheck(),
        new HintsCheck(),
        // Last, as the only one that may ask the database.
        idTokenHint,
    ];

    /// <summary>The first rule that does not hold; null if all do.</summary>
    public async Task<ProtocolError?> CheckAsync(AuthorizeContext context, CancellationToken cancellationToken)
    {
        foreach (var check in _all)
        {
            if (await check.CheckAsync(context, cancellationToken) is { } error)
                return error;
        }
        return null;
    }
}
