using System.Globalization;
using System.Text.Json;
using IdentityHost.Protocol.Clients;
using IdentityHost.Protocol.Tokens;
using IdentityHost.ResourceServer;

namespace IdentityHost.Protocol.Endpoints;

/// <summary>
/// <c>POST /connect/introspect</c> (RFC 7662): whether a token is good now. Asked by those who have a secret, about their own tokens and those
/// for the audiences they serve; about anything else the answer is that it is not active, and nothing more (§4).
/// </summary>
internal sealed class IntrospectionEndpoint(ClientAuthenticator clients, IssuedTokens tokens, Issuer issuer)
{
    public async Task HandleAsync(HttpContext context)
    {
        var stop = context.RequestAborted;
        if ((await clients.ReadAsync(context.Request, stop)).Failed(out var error, out var request))
        {
            await ProtocolErrorWriter.WriteAsync(context, RequestSize.Of(error));
            return;
        }
        var client = request.Client;
        // Anybody can name a public client: it would be an oracle for stolen tokens.
        if (client.IsPublic)
        {
            await ProtocolErrorWriter.WriteAsync(context, ProtocolError.InvalidClient($"the public client {client.ClientId} asked to introspect"));
            return;
        }
        if (request.Parameters["token"] is not { } text)
        {
            await ProtocolErrorWriter.WriteAsync(context, ProtocolError.InvalidRequest("token is missing."));
            return;
        }
        await JsonAnswer.WriteAsync(context.Response, await DescribeAsync(text, client, stop) ?? WriteInactive);
    }

    async Task<Action<Utf8JsonWriter>?> DescribeAsync(string text, Client client, CancellationToken cancellationToken)
    {
        if (tokens.ReadRefreshToken(text) is { } refreshToken)
        {
            var grant = await tokens.FindLiveGrantAsync(refreshToken, client, cancellationToken);
            return grant is null ? null : json => WriteGrant(json, grant, client);
        }
        if (tokens.ReadAccessToken(text) is not { } token)
            return null;
        var mayKnow = token.ClientId == client.ClientId || token.Audiences.Any(client.Audiences.Contains);
        if (!mayKnow || await tokens.IsRevokedAsync(token, cancellationToken))
            return null;
        return json => WriteToken(json, token);
    }

    static void WriteInactive(Utf8JsonWriter json) => json.WriteBoolean("active"u8, false);

    void WriteToken(Utf8JsonWriter json, AccessToken token)
    {
        json.WriteBoolean("active"u8, true);
        json.WriteString("token_type"u8, "Bearer"u8);
        json.WriteString("scope"u8, token.Scopes.ToString());
        json.WriteString("client_id"u8, token.ClientId);
        json.WriteString("sub"u8, token.Subject);
        json.WriteString("iss"u8, issuer.Value);
        if (token.Audiences is [var audience])
        {
            json.WriteString("aud"u8, audience);
        }
        else
        {
            json.WriteStartArray("aud"u8);
            foreach (var one in token.Audiences)
                json.WriteStringValue(one);
            json.WriteEndArray();
        }
        json.WriteNumber("iat"u8, token.IssuedAt.ToUnixTimeSeconds());
        json.WriteNumber("exp"u8, token.ExpiresAt.ToUnixTimeSeconds());
        json.WriteString("jti"u8, token.TokenId);
    }

    void WriteGrant(Utf8JsonWriter json, LiveGrant grant, Client client)
    {
        json.WriteBoolean("active"u8, true);
        json.WriteString("scope"u8, grant.Scope);
        json.WriteString("client_id"u8, client.ClientId);
        json.WriteString("sub"u8, grant.UserId.ToString(CultureInfo.InvariantCulture));
        json.WriteString("iss"u8, issuer.Value);
        json.WriteNumber("iat"u8, grant.CreatedAt.ToUnixTimeSeconds());
        json.WriteNumber("exp"u8, grant.ExpiresAt.ToUnixTimeSeconds());
    }
}
