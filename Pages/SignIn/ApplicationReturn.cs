using IdentityHost.Protocol.Authorize;

namespace Pages.SignIn;

/// <summary>Whether somebody signs in for an application that waits for the answer, by where they go afterwards.</summary>
internal static class ApplicationReturn
{
    static readonly string Prefix = AuthorizationRequests.PathOf(Guid.Empty)[..^IdLength];
    const int IdLength = 32;

    public static string? CancelPath(string? returnTo) =>
        returnTo is not null && returnTo.Length == Prefix.Length + IdLength && returnTo.StartsWith(Prefix, StringComparison.Ordinal)
        && Guid.TryParseExact(returnTo.AsSpan(Prefix.Length), "N", out var id)
            ? AuthorizationRequests.PathOf(id) + "/cancel"
            : null;
}
