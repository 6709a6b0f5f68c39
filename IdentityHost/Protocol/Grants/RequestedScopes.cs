using IdentityHost.Data.Entities;
using IdentityHost.Protocol.Clients;
using IdentityHost.Protocol.Tokens;

namespace IdentityHost.Protocol.Grants;

/// <summary>The <c>scope</c> parameter (RFC 6749 §3.3).</summary>
internal static class RequestedScopes
{
    const int MaximumLength = 2000;

    /// <summary>What is asked for; all that the application may have, where nothing is.</summary>
    public static Result<IReadOnlyList<string>> Read(string? scope, Client client)
    {
        if (scope is null)
            return Result.Of<IReadOnlyList<string>>(client.Scopes);
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
        return Result.Of<IReadOnlyList<string>>(names);
    }

    /// <summary>What of it the person's role allows.</summary>
    public static Result<IReadOnlyList<string>> Narrow(IReadOnlyList<string> scopes, UserRole role)
    {
        if (scopes.All(s => ScopeCatalog.Allows(role, s)))
            return Result.Of(scopes);
        var allowed = scopes.Where(s => ScopeCatalog.Allows(role, s)).ToList();
        return allowed.Count > 0
            ? Result.Of<IReadOnlyList<string>>(allowed)
            : ProtocolError.InvalidScope("This person may have none of the scopes asked for.");
    }
}
