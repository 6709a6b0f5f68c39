using System.Text.Json;
using IdentityHost.Protocol.Clients;

namespace IdentityHost.Protocol.Tokens;

/// <summary>
/// The claims that a request asked for by name (<c>claims</c> parameter, OpenID Connect Core §5.5), for one of the two places where they are told.
/// What is asked of a claim (<c>essential</c>, <c>value</c>) changes nothing here: it is told where it is known.
/// </summary>
internal sealed class RequestedClaims
{
    /// <summary>The member for the userinfo endpoint.</summary>
    public const string ForUserInfo = "userinfo";

    /// <summary>The member for the ID token.</summary>
    public const string ForIdToken = "id_token";

    static readonly JsonDocumentOptions Strict = new() { MaxDepth = 16 };

    readonly HashSet<string> _names = new(StringComparer.Ordinal);

    RequestedClaims()
    {
    }

    public bool IsEmpty => _names.Count == 0;

    /// <summary>Whether the application asked for the claim and may have its scope.</summary>
    public bool Includes(string claim, string scope, Client client) => _names.Contains(claim) && client.Scopes.Contains(scope);

    /// <summary>The names of claims that this server has, from a request that was checked when it was made; what cannot be read asks for nothing.</summary>
    /// <param name="claims">The parameter as it was kept with the grant; null for none.</param>
    /// <param name="place"><see cref="ForUserInfo"/> or <see cref="ForIdToken"/>.</param>
    public static RequestedClaims Read(string? claims, string place)
    {
        var requested = new RequestedClaims();
        if (claims is null)
            return requested;
        try
        {
            using var document = JsonDocument.Parse(claims, Strict);
            if (document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty(place, out var members)
                && members.ValueKind == JsonValueKind.Object)
                requested._names.UnionWith(StandardClaims.Names.Where(name => members.TryGetProperty(name, out _)));
        }
        catch (JsonException)
        {
            // Kept by a version that checked less.
        }
        return requested;
    }
}
