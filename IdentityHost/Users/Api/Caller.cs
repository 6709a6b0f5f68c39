using System.Globalization;
using System.Security.Claims;

namespace IdentityHost.Users.Api;

/// <summary>Who is calling, from the claims of the access token.</summary>
/// <param name="UserId">The person; null when a client calls for itself.</param>
/// <param name="ClientId">The application.</param>
/// <param name="Scopes">What the token allows.</param>
internal sealed record Caller(long? UserId, string? ClientId, IReadOnlySet<string> Scopes)
{
    public const string SelfScope = "users:self";
    public const string ManageScope = "users:manage";

    /// <summary>Null for somebody not signed in.</summary>
    public static Caller? Of(HttpContext context)
    {
        var principal = context.User;
        if (principal.Identity?.IsAuthenticated != true)
            return null;
        return new Caller(
            AccountId.Parse(principal.FindFirstValue("sub")),
            principal.FindFirstValue("client_id"),
            principal.FindAll("scope").Select(c => c.Value).ToHashSet(StringComparer.Ordinal));
    }

    public Actor Acting(HttpContext context) => new(UserId, ClientId, context.Connection.RemoteIpAddress?.ToString());
}

/// <summary>A user's id in a path or a token.</summary>
internal static class AccountId
{
    /// <summary>Null unless it is written as we write ids: decimal digits without a leading zero, from 1 to 2^63 − 1.</summary>
    public static long? Parse(string? text) =>
        text is { Length: > 0 and <= 19 } && text[0] is >= '1' and <= '9' && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : null;
}
