namespace IdentityHost.Protocol;

/// <summary>What the authorization endpoint asks about the person in front of the browser. Answered by <c>SignIn/Browser</c>.</summary>
internal interface IBrowserSubjects
{
    /// <summary>Who is signed in, as their rows say now; null for nobody.</summary>
    Task<BrowserSubject?> FindAsync(HttpContext context);

    /// <summary>The path of this host that signs somebody in and comes back.</summary>
    string SignInPath(SignInWish wish);
}

/// <summary>Somebody who is signed in in a browser.</summary>
/// <param name="Subject">Who.</param>
/// <param name="DisplayName">What to call them.</param>
internal sealed record BrowserSubject(Subject Subject, string DisplayName);

/// <summary>How somebody is to be signed in.</summary>
/// <param name="ReturnTo">The path to come back to.</param>
/// <param name="Again">Whoever is signed in must prove it once more, or somebody else may.</param>
/// <param name="Create">They want a new account.</param>
/// <param name="Provider">The provider to go to straight away; null for the page.</param>
/// <param name="LoginHint">The name to fill in.</param>
/// <param name="UiLocales">The languages they read.</param>
internal sealed record SignInWish(string ReturnTo, bool Again, bool Create, string? Provider, string? LoginHint, string? UiLocales);
