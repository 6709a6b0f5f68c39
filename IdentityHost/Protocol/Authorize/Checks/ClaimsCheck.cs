using System.Text.Json;

namespace IdentityHost.Protocol.Authorize.Checks;

/// <summary>The <c>claims</c> parameter (OpenID Connect Core §5.5): a JSON object with the members <c>userinfo</c> and <c>id_token</c>. What is in it that we do not hold is left out of the answer, as the specification wants.</summary>
internal sealed class ClaimsCheck : IAuthorizeCheck
{
    public ValueTask<ProtocolError?> CheckAsync(AuthorizeContext context, CancellationToken cancellationToken) => new(Check(context));

    const int MaximumLength = 4000;
    const int MaximumDepth = 8;

    static ProtocolError? Check(AuthorizeContext context)
    {
        if (context.Parameters["claims"] is not { } text)
            return null;
        if (text.Length > MaximumLength || !IsRequest(text))
            return ProtocolError.InvalidRequest("claims must be a JSON object with objects as userinfo and id_token, of 4000 characters at most.");
        context.Request.Claims = text;
        return null;
    }

    static bool IsRequest(string text)
    {
        try
        {
            using var json = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = MaximumDepth, AllowDuplicateProperties = false });
            return json.RootElement.ValueKind == JsonValueKind.Object
                && json.RootElement.EnumerateObject().All(m => m.Name is not ("userinfo" or "id_token") || m.Value.ValueKind is JsonValueKind.Object or JsonValueKind.Null);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // The second: an escape that is half a character (\ud800), which the parser lets pass until the text is read.
            return false;
        }
    }
}
