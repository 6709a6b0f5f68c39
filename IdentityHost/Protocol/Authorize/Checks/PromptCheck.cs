namespace IdentityHost.Protocol.Authorize.Checks;

/// <summary>What people must be asked (OpenID Connect Core §3.1.2.1; <c>create</c>: Initiating User Registration §4). <c>none</c> stands alone.</summary>
internal sealed class PromptCheck : IAuthorizeCheck
{
    public ValueTask<ProtocolError?> CheckAsync(AuthorizeContext context, CancellationToken cancellationToken) => new(Check(context));

    static ProtocolError? Check(AuthorizeContext context)
    {
        if (context.Parameters["prompt"] is not { } text)
            return null;
        var prompts = text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Distinct(StringComparer.Ordinal).ToArray();
        if (!prompts.All(Prompts.Known.Contains))
            return ProtocolError.InvalidRequest("prompt is not known: use none, login, consent, select_account or create.");
        if (prompts.Length > 1 && prompts.Contains(Prompts.None))
            return ProtocolError.InvalidRequest("prompt none stands alone: with another value it contradicts itself.");
        context.Request.Prompt = string.Join(' ', prompts);
        return null;
    }
}
