using IdentityHost.Data;
using IdentityHost.Protocol.Clients;
using IdentityHost.Protocol.Endpoints;

namespace IdentityHost.Protocol.Grants;

/// <summary>
/// One way to a token. A grant says only what differs: the endpoint has parsed the request and authenticated the client before, and writes,
/// issues and answers afterwards, so that no grant can forget a shared step.
/// </summary>
internal interface IGrant
{
    /// <summary>The <c>grant_type</c> it answers to.</summary>
    string GrantType { get; }

    /// <summary>Decides, and adds what the decision owes to <see cref="GrantRequest.Batch"/>; nothing stands before the endpoint executes it.</summary>
    Task<Result<Granted>> RunAsync(GrantRequest request, CancellationToken cancellationToken);
}

/// <summary>A token request whose client has proved who it is.</summary>
/// <param name="Client">The application.</param>
/// <param name="Parameters">The body.</param>
/// <param name="Batch">What commits together with the new grant.</param>
/// <param name="Address">Where the request came from.</param>
/// <param name="UserAgent">What it says it is.</param>
internal sealed record GrantRequest(Client Client, FormParameters Parameters, WriteBatch Batch, string Address, string? UserAgent);

/// <summary>What a grant decided.</summary>
/// <param name="Scopes">What the token allows, in the order asked for.</param>
/// <param name="Subject">The person it is for, or null where the application acts for itself.</param>
internal sealed record Granted(IReadOnlyList<string> Scopes, Subject? Subject)
{
    /// <summary>The grant that goes on; null where a new one is to be made.</summary>
    public Guid? GrantId { get; init; }

    /// <summary>The refresh token of the grant that goes on.</summary>
    public string? RefreshToken { get; init; }

    /// <summary>When that grant was made; null for one that is made now.</summary>
    public DateTimeOffset? GrantedAt { get; init; }

    /// <summary>The resource servers the token is for (RFC 8707); none means those that the scopes belong to.</summary>
    public IReadOnlyList<string> Resources { get; init; } = [];

    /// <summary>Of the authorization request, for the ID token.</summary>
    public string? Nonce { get; init; }

    /// <summary>The <c>claims</c> parameter of the authorization request (OpenID Connect Core §5.5), as JSON; null for none.</summary>
    public string? Claims { get; init; }
}
