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
}

/// <summary>Somebody who is signed in in a browser, as their rows say now.</summary>
internal sealed record BrowserPerson(
    long UserId, Guid SessionId, string Username, string? Name, UserRole Role, string Amr, DateTimeOffset AuthTime)
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
        identity.AddClaim(new Claim(BrowserClaims.AuthTime, AuthTime.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)));
        return new ClaimsPrincipal(identity);
    }

    /// <summary>Null for somebody who is not signed in by cookie.</summary>
    public static BrowserPerson? Of(ClaimsPrincipal principal)
    {
        if (principal.FindFirstValue(BrowserClaims.Subject) is not { } subject || principal.FindFirstValue(BrowserClaims.Session) is not { } session
            || principal.FindFirstValue(BrowserClaims.AuthTime) is not { } authTime)
            return null;
        return new BrowserPerson(
            long.Parse(subject, CultureInfo.InvariantCulture),
            Guid.ParseExact(session, "N"),
            principal.FindFirstValue(BrowserClaims.Username)!,
            principal.FindFirstValue(BrowserClaims.Name),
            principal.IsInRole(UserRoles.Admin) ? UserRole.Admin : UserRole.User,
            principal.FindFirstValue(BrowserClaims.Methods)!,
            DateTimeOffset.FromUnixTimeSeconds(long.Parse(authTime, CultureInfo.InvariantCulture)));
    }
}
