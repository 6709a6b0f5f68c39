using System.Globalization;
using System.Security.Claims;
using IdentityHost.Data.Entities;
using IdentityHost.Protocol.Tokens;

namespace IdentityHost.SignIn.Browser;

/// <summary>The claims of somebody who is signed in by cookie; the same names as in tokens.</summary>
internal static class BrowserClaims
{
    public const string Subject = "sub";
    public const string Session = "sid";
    public const string Username = "preferred_username";
    public const string Name = "name";
    public const string Role = "role";
    public const string Methods = "amr";
    public const string AuthTime = "auth_time";
    public const string Epoch = "epoch";
    public const string ExpiresAt = "expires_at";
}

/// <summary>Somebody who is signed in in a browser, as their rows say now.</summary>
internal sealed record BrowserPerson(
    long UserId, Guid SessionId, string Username, string? Name, UserRole Role, string Amr, DateTimeOffset AuthTime, int Epoch, DateTimeOffset ExpiresAt)
{
    /// <summary>What to call them.</summary>
    public string DisplayName => Name ?? Username;

    public ClaimsPrincipal ToPrincipal()
    {
        var identity = new ClaimsIdentity(BrowserSession.Scheme, BrowserClaims.Username, BrowserClaims.Role);
        identity.AddClaim(new Claim(BrowserClaims.Subject, UserId.ToString(CultureInfo.InvariantCulture)));
        identity.AddClaim(new Claim(BrowserClaims.Session, Identifiers.Text(SessionId)));
        identity.AddClaim(new Claim(BrowserClaims.Username, Username));
        if (Name is not null)
            identity.AddClaim(new Claim(BrowserClaims.Name, Name));
        identity.AddClaim(new Claim(BrowserClaims.Role, UserRoles.NameOf(Role)));
        identity.AddClaim(new Claim(BrowserClaims.Methods, Amr));
        identity.AddClaim(new Claim(BrowserClaims.AuthTime, Instant(AuthTime)));
        identity.AddClaim(new Claim(BrowserClaims.Epoch, Epoch.ToString(CultureInfo.InvariantCulture)));
        identity.AddClaim(new Claim(BrowserClaims.ExpiresAt, Instant(ExpiresAt)));
        return new ClaimsPrincipal(identity);
    }

    /// <summary>Null for somebody who is not signed in by cookie.</summary>
    public static BrowserPerson? Of(ClaimsPrincipal principal)
    {
        if (principal.FindFirstValue(BrowserClaims.Subject) is not { } subject || principal.FindFirstValue(BrowserClaims.Session) is not { } session
            || principal.FindFirstValue(BrowserClaims.AuthTime) is not { } authTime || principal.FindFirstValue(BrowserClaims.ExpiresAt) is not { } expiresAt)
            return null;
        return new BrowserPerson(
            long.Parse(subject, CultureInfo.InvariantCulture),
            Guid.ParseExact(session, "N"),
            principal.FindFirstValue(BrowserClaims.Username)!,
            principal.FindFirstValue(BrowserClaims.Name),
            principal.IsInRole(UserRoles.Admin) ? UserRole.Admin : UserRole.User,
            principal.FindFirstValue(BrowserClaims.Methods)!,
            Instant(authTime),
            int.Parse(principal.FindFirstValue(BrowserClaims.Epoch)!, CultureInfo.InvariantCulture),
            Instant(expiresAt));
    }

    /// <summary>To the microsecond, as the rows have it: whether a sign-in followed a request is told by less than a second.</summary>
    static string Instant(DateTimeOffset time) => time.ToString("O", CultureInfo.InvariantCulture);

    static DateTimeOffset Instant(string text) => DateTimeOffset.ParseExact(text, "O", CultureInfo.InvariantCulture);
}
