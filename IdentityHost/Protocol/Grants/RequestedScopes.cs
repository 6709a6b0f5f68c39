using IdentityHost.Data.Entities;
using IdentityHost.Protocol.Clients;
using IdentityHost.Protocol.Tokens;

namespace IdentityHost.Protocol.Grants;

/// <summary>The <c>scope</c> parameter (RFC 6749 §3.3).</summary>
internal static class RequestedScopes
{
    const int MaximumLength = 2000;

    /// <summary>
    /// What is asked for. Where nothing is: all that the application may have but the scopes of OpenID Connect, which somebody must want by name
    /// (an ID token costs a signature, and nobody who did not ask reads it).
    /// </summary>
    public static Result<IReadOnlyList<string>> Read(string? scope, Client client)
    {
        if (scope is null)
            return Result.Of<IReadOnlyList<string>>([.. client.Scopes.Where(s => !ScopeCatalog.OpenIdScopes.Contains(s))]);
        if (scope.Length > MaximumLength)
            return ProtocolError.InvalidScope("The scope is longer than 2000 characters.");
        var names = new List<string>();
        foreach (var name in scope.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            // Said of unknown scopes too: which exist is in the discovery document anyway.
            if (!client.Scopes.Contains(name))
                return ProtocolError.InvalidScope("A scope was asked for that this application may not have.");
            if (!names.Contains(name))
                names.Add(name);
        }
        // Spaces only: asked for, and nothing named.
        if (names.Count == 0)
            return ProtocolError.InvalidScope("The scope names nothing. Leave it out for all that the application may have.");
        return Result.Of<IReadOnlyList<string>>(names);
    }

    /// <summary>Whether the person's role leaves anything of it. Nothing can be asked for by an application that has no scopes.</summary>
    public static bool AllowAny(IReadOnlyList<string> scopes, UserRole role) =>
        scopes.Count == 0 || scopes.Any(s => ScopeCatalog.Allows(role, s));

    /// <summary>What of it the person's role allows.</summary>
    public static IReadOnlyList<string> Narrow(IReadOnlyList<string> scopes, UserRole role) =>
        scopes.All(s => ScopeCatalog.Allows(role, s)) ? scopes : [.. scopes.Where(s => ScopeCatalog.Allows(role, s))];
}
