using IdentityHost.Protocol.Endpoints;

namespace IdentityHost.Protocol.Clients;

/// <summary>A protocol request whose form was read and whose client has proved who it is.</summary>
internal sealed record ClientRequest(Client Client, FormParameters Parameters);

/// <summary>The two steps that every endpoint for clients begins with, in their order: parse, then authenticate.</summary>
internal sealed class ClientRequests(ClientAuthenticator authenticator)
{
    public async Task<Result<ClientRequest>> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if ((await FormParameters.ReadAsync(request, cancellationToken)).Failed(out var error, out var parameters))
            return error;
        if ((await authenticator.AuthenticateAsync(request, parameters, cancellationToken)).Failed(out error, out var client))
            return error;
        return new ClientRequest(client, parameters);
    }
}
