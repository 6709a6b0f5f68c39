namespace IdentityHost.Protocol.Authorize.Checks;

/// <summary>What helps to find the right person and the right words, and decides nothing: <c>login_hint</c>, <c>ui_locales</c>, <c>acr_values</c> (OpenID Connect Core §3.1.2.1), and <c>provider</c>, which is ours.</summary>
internal sealed class HintsCheck : IAuthorizeCheck
{
    public ValueTask<ProtocolError?> CheckAsync(AuthorizeContext context, CancellationToken cancellationToken) => new(Check(context));

    const int MaximumLength = 254;

    static ProtocolError? Check(AuthorizeContext context)
    {
        context.Request.LoginHint = Short(context.Parameters["login_hint"]);
        context.Request.UiLocales = Short(context.Parameters["ui_locales"]);
        context.Request.AcrValues = Short(context.Parameters["acr_values"]);
        if (context.Parameters["provider"] is not { } provider)
            return null;
        if (provider != "google")
            return ProtocolError.InvalidRequest("This provider is not known: use google.");
        context.Request.Provider = provider;
        return null;
    }

    /// <summary>A hint that is too long is none.</summary>
    static string? Short(string? text) => text?.Length <= MaximumLength ? text : null;
}
