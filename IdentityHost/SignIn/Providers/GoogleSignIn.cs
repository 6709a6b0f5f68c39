using System.Globalization;
using IdentityHost.Protocol.Tokens;
using IdentityHost.SignIn.Browser;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace IdentityHost.SignIn.Providers;

/// <summary>Sends a browser to Google. What for is in the sealed state that comes back.</summary>
internal sealed class GoogleSignIn(IOptions<GoogleOptions> options)
{
    const string ReturnTo = "return_to";
    const string LinkUser = "link_user";
    const string LinkSession = "link_session";

    public bool IsConfigured => options.Value.IsConfigured;

    /// <summary>To sign in.</summary>
    /// <param name="context">The request to answer with a redirect.</param>
    /// <param name="returnTo">Where to go afterwards; null for the handoff of the users API.</param>
    public static Task ChallengeAsync(HttpContext context, string? returnTo)
    {
        var properties = new AuthenticationProperties();
        if (returnTo is not null)
            properties.Items[ReturnTo] = LocalPath.Is(returnTo) ? returnTo : "/account";
        return SendAsync(context, properties);
    }

    /// <summary>To link: whoever comes back must still be this person in this session.</summary>
    public static Task ChallengeToLinkAsync(HttpContext context, long user, Guid session)
    {
        var properties = new AuthenticationProperties();
        properties.Items[LinkUser] = user.ToString(CultureInfo.InvariantCulture);
        properties.Items[LinkSession] = Identifiers.Text(session);
        return SendAsync(context, properties);
    }

    /// <summary>Where somebody was going; null for the users API.</summary>
    public static string? ReturnToOf(AuthenticationProperties? properties) => properties?.Items.TryGetValue(ReturnTo, out var path) == true ? path : null;

    public static bool IsLink(AuthenticationProperties? properties) => properties?.Items.ContainsKey(LinkSession) == true;

    /// <summary>Whether the person is the one who asked for the link, in the session they asked in.</summary>
    public static bool IsAskedBy(AuthenticationProperties properties, BrowserPerson? person) =>
        person is not null
        && properties.Items[LinkUser] == person.UserId.ToString(CultureInfo.InvariantCulture)
        && properties.Items[LinkSession] == Identifiers.Text(person.SessionId);

    static async Task SendAsync(HttpContext context, AuthenticationProperties properties)
    {
        // Not used: where to go is decided when somebody comes back. Left empty, the handler would put this request's own address there.
        properties.RedirectUri = "/";
        await context.ChallengeAsync(Google.SchemeName, properties);
        context.Response.Headers.CacheControl = "no-store";
    }
}
