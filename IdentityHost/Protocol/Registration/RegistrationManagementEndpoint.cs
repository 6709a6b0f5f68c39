using System.Text.Json.Nodes;
using IdentityHost.Protocol.Clients;
using IdentityHost.Protocol.Endpoints;

namespace IdentityHost.Protocol.Registration;

/// <summary>
/// <c>GET</c>, <c>PUT</c> and <c>DELETE /connect/register/{client_id}</c> (RFC 7592): an application reads, replaces and ends its own registration,
/// with the token it was given. For any other name, token and application the answer is the same 401 (§2.1).
/// </summary>
internal sealed class RegistrationManagementEndpoint(
    MetadataRules rules, SectorIdentifiers sectors, RegisteredClients clients, RegistrationLimit limit, Issuer issuer)
{
    /// <summary>Longer names are nobody's, and are not looked up.</summary>
    const int LongestClientId = 100;

    public async Task HandleAsync(HttpContext context, string clientId)
    {
        var stop = context.RequestAborted;
        if ((await BearerRequest.ReadAsync(context.Request, formToo: false, stop)).Failed(out var error, out var credentials))
        {
            await BearerRequest.RefuseAsync(context, issuer, error);
            return;
        }
        if (credentials.Token is not { } token)
        {
            BearerRequest.RefuseWithoutToken(context, issuer);
            return;
        }
        if (clientId.Length > LongestClientId || clientId.Contains('\0', StringComparison.Ordinal)
            || await clients.FindAsync(clientId, token, stop) is not { } client)
        {
            await BearerRequest.RefuseAsync(context, issuer, BearerRequest.InvalidToken);
            return;
        }
        if (HttpMethods.IsPut(context.Request.Method))
        {
            await ReplaceAsync(context, client, token);
        }
        else if (HttpMethods.IsDelete(context.Request.Method))
        {
            await clients.EndAsync(client, RequestOrigin.Address(context));
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            context.Response.Headers.CacheControl = "no-store";
        }
        else
        {
            await RegistrationAnswer.WriteAsync(context.Response, issuer, (client.ClientId, client.IssuedAt), JsonNode.Parse(client.Metadata)!.AsObject(), token, secret: null);
        }
    }

    /// <summary>§2.2: all of it is replaced; what is left out is gone. Token and secret stay, unless it needs a secret for the first time.</summary>
    async Task ReplaceAsync(HttpContext context, RegisteredClient client, string token)
    {
        var stop = context.RequestAborted;
        var address = RequestOrigin.Address(context);
        if ((await MetadataDocument.ReadAsync(context.Request, stop)).Failed(out var error, out var sent)
            || (error = Foreign(sent, client)) is not null
            || rules.Read(sent, client.Trusted).Failed(out error, out var metadata)
            // As a registration is: each makes every node read the row again, and may make this one fetch something.
            || (!client.Trusted && (error = await limit.CountAsync(address, stop)) is not null)
            || (error = await sectors.CheckAsync(metadata, stop)) is not null)
        {
            await ProtocolErrorWriter.WriteAsync(context, error);
            return;
        }
        var needsSecret = ClientAuthenticationMethods.NeedsSecret(metadata.AuthenticationMethod) && client.SecretHash is null;
        var secret = needsSecret ? RegistrationSecrets.NewSecret() : null;
        if (!await clients.ChangeAsync(client, metadata, secret, address))
        {
            await BearerRequest.RefuseAsync(context, issuer, BearerRequest.InvalidToken);
            return;
        }
        await RegistrationAnswer.WriteAsync(context.Response, issuer, (client.ClientId, client.IssuedAt), metadata.Told, token, secret);
    }

    /// <summary>§2.2: the request names the application, and a secret in it must be the one it has: nobody chooses a secret.</summary>
    static ProtocolError? Foreign(MetadataDocument sent, RegisteredClient client)
    {
        if (sent.Text("client_id") != client.ClientId)
            sent.Refuse("client_id must be that of the registration.");
        if (sent.Text("client_secret") is { } secret && !ClientSecrets.Verify(secret, client.SecretHash, client.SecretSalt))
            sent.Refuse("client_secret must be the one that was issued.");
        return sent.Fault;
    }
}
