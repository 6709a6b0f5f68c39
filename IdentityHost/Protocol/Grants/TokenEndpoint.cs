using IdentityHost.Protocol.Clients;
using IdentityHost.Protocol.Endpoints;

namespace IdentityHost.Protocol.Grants;

/// <summary><c>POST /connect/token</c> (RFC 6749 §3.2), for every grant.</summary>
internal sealed class TokenEndpoint(ClientRequests requests, TokenService tokens)
{
    public async Task HandleAsync(HttpContext context)
    {
        var stop = context.RequestAborted;

        // 1. Parse, 2. authenticate the client.
        if ((await requests.ReadAsync(context.Request, stop)).Failed(out var error, out var request))
        {
            await ProtocolErrorWriter.WriteAsync(context, error);
            return;
        }
        // 3. Find the grant, 4. run it, 5. write what it owes and issue.
        var answered = await tokens.AnswerAsync(
            request.Client, request.Parameters, RequestOrigin.Address(context), RequestOrigin.UserAgent(context), stop);
        if (answered.Failed(out error, out var answer))
        {
            await ProtocolErrorWriter.WriteAsync(context, error);
            return;
        }
        // 6. Answer.
        await WriteAsync(context.Response, answer);
    }

    /// <summary>RFC 6749 §5.1. The scope is always said: it may be narrower than what was asked for.</summary>
    static Task WriteAsync(HttpResponse response, TokenAnswer answer) => JsonAnswer.WriteAsync(response, json =>
    {
        json.WriteString("access_token"u8, answer.AccessToken.Token);
        json.WriteString("token_type"u8, "Bearer"u8);
        json.WriteNumber("expires_in"u8, (long)answer.AccessToken.ExpiresIn.TotalSeconds);
        if (answer.RefreshToken is not null)
            json.WriteString("refresh_token"u8, answer.RefreshToken);
        if (answer.IdToken is not null)
            json.WriteString("id_token"u8, answer.IdToken);
        json.WriteString("scope"u8, string.Join(' ', answer.Scopes));
    });
}
