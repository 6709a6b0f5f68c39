using IdentityHost.Protocol.Clients;

namespace IdentityHost.Protocol.Grants;

/// <summary>An application's own token (RFC 6749 §4.4). No refresh token comes with it (§4.4.3), and no row: nothing is written.</summary>
internal sealed class ClientCredentialsGrant : IGrant
{
    public string GrantType => GrantTypeNames.ClientCredentials;

    public Task<Result<Granted>> RunAsync(GrantRequest request, CancellationToken cancellationToken) => Task.FromResult(Run(request));

    static Result<Granted> Run(GrantRequest request)
    {
        // RFC 6749 §4.4: only for those who can keep a secret; anybody can name a public client.
        if (request.Client.IsPublic)
            return ProtocolError.UnauthorizedClient("client_credentials needs a client that has a secret.");
        if (RequestedScopes.Read(request.Parameters["scope"], request.Client).Failed(out var error, out var scopes))
            return error;
        return new Granted(scopes, Subject: null);
    }
}
