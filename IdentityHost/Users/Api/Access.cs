namespace IdentityHost.Users.Api;

/// <summary>Who may do what. Each answer is null for "go on" or the refusal to give.</summary>
internal sealed class Access(UserReads users)
{
    /// <summary>The person's own account: a person, and the scope <c>users:self</c>.</summary>
    public static IResult? Self(Caller caller)
    {
        if (caller.UserId is null)
            return ApiResult.Error(ApiErrors.Forbidden);
        return caller.Scopes.Contains(Caller.SelfScope) ? null : MissingScope(Caller.SelfScope);
    }

    /// <summary>
    /// Everybody's accounts: a client by its scope; a person by the scope and the role, read now. A role in the token may be ten minutes old,
    /// and an admin's token from an application without the scope does not get in.
    /// </summary>
    public async Task<IResult?> ManageAsync(Caller caller, CancellationToken cancellationToken)
    {
        if (caller.UserId is { } id && !await users.IsActiveAdminAsync(id, cancellationToken))
            return ApiResult.Error(ApiErrors.AdminRequired);
        return caller.Scopes.Contains(Caller.ManageScope) ? null : MissingScope(Caller.ManageScope);
    }

    /// <summary>One account: one's own, or everybody's. Says the same of a stranger's id and of an id nobody has.</summary>
    public async Task<IResult?> SelfOrManageAsync(Caller caller, long? target, CancellationToken cancellationToken) =>
        target is not null && target == caller.UserId && Self(caller) is null ? null : await ManageAsync(caller, cancellationToken);

    static ScopeRefusal MissingScope(string scope) => new(scope);

    sealed class ScopeRefusal(string scope) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext) => UsersChallenge.InsufficientScopeAsync(httpContext, scope);
    }
}
