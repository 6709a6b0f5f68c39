using System.Text.Json;
using IdentityHost.Data;
using IdentityHost.Protocol.Clients;
using Npgsql;

namespace IdentityHost.Protocol.Tokens;

/// <summary>
/// The claims that a request asked for by name (<c>claims</c> parameter, OpenID Connect Core §5.5), for one of the two places where they are told.
/// One is told to an application that may have its scope, if the person has agreed to that scope or need not be asked: else the parameter would be
/// a way around the consent page. What is asked of a claim (<c>essential</c>, <c>value</c>) changes nothing here: it is told where it is known.
/// </summary>
internal sealed class RequestedClaims
{
    const int MaximumDepth = 16;

    readonly HashSet<string> _names = new(StringComparer.Ordinal);
    readonly HashSet<string> _scopes = new(StringComparer.Ordinal);

    RequestedClaims()
    {
    }

    public static RequestedClaims None => new();

    public bool IsEmpty => _names.Count == 0;

    /// <summary>The scopes that these claims come with.</summary>
    public IEnumerable<string> Scopes => _names.Select(name => StandardClaims.ScopeOf(name)!);

    /// <summary>Whether the claim, which comes with this scope, was asked for and may be told.</summary>
    public bool Includes(string claim, string scope) => _names.Contains(claim) && _scopes.Contains(scope);

    /// <summary>The names of claims that this server has, from a request that was checked when it was made; what cannot be read asks for nothing.</summary>
    /// <param name="claims">The parameter as it was kept with the grant; null for none.</param>
    /// <param name="place"><c>userinfo</c> or <c>id_token</c>.</param>
    public static RequestedClaims Read(string? claims, string place)
    {
        var requested = new RequestedClaims();
        if (claims is null)
            return requested;
        try
        {
            using var document = JsonDocument.Parse(claims, new JsonDocumentOptions { MaxDepth = MaximumDepth });
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

    /// <summary>Only those of these scopes are told from now on.</summary>
    /// <param name="client">Who asked.</param>
    /// <param name="consented">The scopes the person has agreed to for it, space separated; null for none.</param>
    public RequestedClaims Within(Client client, string? consented)
    {
        _scopes.UnionWith(client.Scopes);
        if (client.Consent != ConsentTypes.Implicit)
            _scopes.IntersectWith((consented ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries));
        return this;
    }
}

/// <summary>Reads what was asked for by name, and what the person has agreed to.</summary>
internal sealed class ClaimRequests(NpgsqlDataSource database)
{
    const string OfGrantSql =
        """
        SELECT g.claims, c.scope FROM grants g LEFT JOIN consents c ON c.user_id = g.user_id AND c.application_id = g.application_id WHERE g.id = $1
        """;

    const string ConsentSql = "SELECT scope FROM consents WHERE user_id = $1 AND application_id = $2";

    /// <summary>For the userinfo endpoint, by one statement.</summary>
    public async Task<RequestedClaims> OfGrantAsync(Guid grantId, Client client, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(OfGrantSql);
        command.Parameters.Add(Sql.Value(grantId));
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        if (!await row.ReadAsync(cancellationToken) || row.IsDBNull(0))
            return RequestedClaims.None;
        return RequestedClaims.Read(row.GetString(0), "userinfo").Within(client, row.IsDBNull(1) ? null : row.GetString(1));
    }

    /// <summary>For the ID token; asks nothing where nothing was asked for.</summary>
    public async ValueTask<RequestedClaims> OfIdTokenAsync(string? claims, Client client, long userId, CancellationToken cancellationToken)
    {
        var requested = RequestedClaims.Read(claims, "id_token");
        if (requested.IsEmpty || client.Consent == ConsentTypes.Implicit)
            return requested.Within(client, consented: null);
        await using var command = database.CreateCommand(ConsentSql);
        command.Parameters.Add(Sql.Value(userId));
        command.Parameters.Add(Sql.Value(client.ApplicationId));
        return requested.Within(client, await command.ExecuteScalarAsync(cancellationToken) as string);
    }
}
