using IdentityHost.Protocol.Endpoints;
using IdentityHost.Protocol.Tokens;
using Npgsql;

namespace IdentityHost.Protocol.Authorize;

/// <summary>What a person is asked.</summary>
/// <param name="ApplicationName">What the application calls itself.</param>
/// <param name="Host">Where it returns to.</param>
/// <param name="IsUntrusted">Nobody but the application itself vouches for that name.</param>
/// <param name="PersonName">Who is signed in.</param>
/// <param name="Scopes">What it asks for.</param>
/// <param name="Pages">What the application wants people to be able to read before they answer.</param>
/// <param name="ReturnPath">Where the browser goes on after the answer.</param>
/// <param name="OtherAccountPath">Where somebody else signs in.</param>
internal sealed record ConsentPrompt(
    string ApplicationName, string Host, bool IsUntrusted, string PersonName, IReadOnlyList<ScopeInWords> Scopes, ApplicationPages Pages, string ReturnPath, string OtherAccountPath);

/// <summary>A scope, and what its operator calls it (null for those that every server has).</summary>
internal sealed record ScopeInWords(string Name, string? DisplayName);

/// <summary>Shows what an application asks for and takes the answer. What follows from it the authorization endpoint decides.</summary>
internal sealed class ConsentPrompts(AuthorizationRequests requests, Consents consents, IBrowserSubjects browser, ScopeCatalog scopes, NpgsqlDataSource database)
{
    /// <summary>Null where there is nothing to ask: no such request in this browser, or nobody is signed in.</summary>
    public async Task<ConsentPrompt?> FindAsync(HttpContext context, Guid id)
    {
        if (await requests.FindAsync(context, id) is not { } stored || await browser.FindAsync(context) is not { } person)
            return null;
        var path = AuthorizationRequests.PathOf(id);
        return new ConsentPrompt(
            stored.Client.DisplayName,
            stored.Redirect.Host,
            stored.Client.IsUntrusted,
            person.DisplayName,
            [.. ConsentScopes.Of(stored.Request, stored.Client).Select(s => new ScopeInWords(s, scopes.DisplayNameOf(s)))],
            await ApplicationPages.FindAsync(database, stored.Client.ApplicationId, context.RequestAborted),
            path,
            browser.SignInPath(new SignInWish(path, Again: true, Create: false, Provider: null, LoginHint: null, stored.Request.UiLocales)));
    }

    /// <summary>The person says yes. Returns the path to go on by; null where there was nothing to answer.</summary>
    public async Task<string?> AllowAsync(HttpContext context, Guid id)
    {
        if (await requests.FindAsync(context, id) is not { } stored || await browser.FindAsync(context) is not { } person)
            return null;
        await consents.GiveAsync(person.Subject.Id, stored, RequestOrigin.Address(context));
        return AuthorizationRequests.PathOf(id);
    }
}
