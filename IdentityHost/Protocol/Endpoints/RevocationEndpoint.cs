using IdentityHost.Protocol.Clients;
using IdentityHost.Protocol.Tokens;

namespace IdentityHost.Protocol.Endpoints;

/// <summary>
/// <c>POST /connect/revoke</c> (RFC 7009): a client ends a token of its own. A refresh token takes its grant and every access token with it.
/// </summary>
internal sealed class RevocationEndpoint(ClientAuthenticator clients, IssuedTokens tokens)
{
    public async Task HandleAsync(HttpContext context)
    {
        var stop = context.RequestAborted;
        if ((await clients.ReadAsync(context.Request, stop)).Failed(out var error, out var request))
        {
            await ProtocolErrorWriter.WriteAsync(context, RequestSize.Of(error));
            return;
        }
        if (await RevokeAsync(request.Parameters, request.Client, RequestOrigin.Address(context)) is { } refusal)
        {
            await ProtocolErrorWriter.WriteAsync(context, refusal);
            return;
        }
        // Empty, but typed: some browsers' libraries refuse text/plain.
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = 0;
        context.Response.Headers.CacheControl = "no-store";
    }

    /// <summary><c>token_type_hint</c> is not needed: a token tells what it is. One that is none of ours is as good as revoked (§2.2).</summary>
    async Task<ProtocolError?> RevokeAsync(FormParameters parameters, Client client, string address)
    {
        if (parameters["token"] is not { } text)
            return ProtocolError.InvalidRequest("token is missing.");
        if (tokens.ReadRefreshToken(text) is { } refreshToken)
        {
            await tokens.EndGrantAsync(refreshToken, client, address);
            return null;
        }
        if (tokens.ReadAccessToken(text) is not { } accessToken)
            return null;
        if (accessToken.ClientId != client.ClientId)
            return ProtocolError.ForeignToken;
        await tokens.EndAccessTokenAsync(accessToken, address);
        return null;
    }
}

/// <summary>Where a token is handed over to be looked at, a body over the limit is told by its own status.</summary>
internal static class RequestSize
{
    public static ProtocolError Of(ProtocolError error) =>
        error == FormParameters.TooLarge ? error with { Status = StatusCodes.Status413PayloadTooLarge } : error;
}
