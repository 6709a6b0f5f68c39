using IdentityHost.Protocol;
using IdentityHost.SignIn.Providers;

namespace IdentityHost.SignIn.Browser;

/// <summary>Answers the engine's <see cref="IBrowserSubjects"/> from the cookie's session.</summary>
internal sealed class BrowserSubjects(GoogleSignIn google) : IBrowserSubjects
{
    public async Task<BrowserSubject?> FindAsync(HttpContext context) => await BrowserSignIn.PersonAsync(context) is { } person
        ? new BrowserSubject(
            new Subject(person.UserId, person.Epoch, person.Role, person.SessionId, person.ExpiresAt, person.AuthTime, person.Amr), person.DisplayName)
        : null;

    public string SignInPath(SignInWish wish)
    {
        var query = new List<KeyValuePair<string, string?>> { new("return_to", wish.ReturnTo) };
        if (wish.UiLocales is not null)
            query.Add(new("ui_locales", wish.UiLocales));
        if (wish.Provider == "google" && google.IsConfigured)
            return "/users/auth/google" + QueryString.Create(query);
        if (wish.LoginHint is not null)
            query.Add(new("login_hint", wish.LoginHint));
        if (wish.Again)
            query.Add(new("again", "true"));
        return (wish.Create ? "/sign-up" : BrowserSession.SignInPath) + QueryString.Create(query);
    }
}
