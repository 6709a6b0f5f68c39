using IdentityHost.Protocol;
using IdentityHost.SignIn.Browser;
using IdentityHost.SignIn.Providers;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Pages.SignIn;

/// <summary>The page at <c>/sign-in</c>: name and password, or Google.</summary>
internal sealed class SignInModel(BrowserSignIn signIn, SignUp signUp, GoogleSignIn google) : PageModel
{
    /// <summary>As typed, so that only the password has to be typed again.</summary>
    public string? Identifier { get; private set; }

    /// <summary>Where the person was going.</summary>
    [BindProperty(Name = "return_to", SupportsGet = true)]
    public string? ReturnTo { get; set; }

    /// <summary>What happened on the page before; see <see cref="Notices"/>.</summary>
    [BindProperty(Name = "notice", SupportsGet = true)]
    public string? Notice { get; set; }

    /// <summary>Whoever is signed in is to prove it again, or somebody else may sign in: an application asks for it.</summary>
    [BindProperty(Name = "again", SupportsGet = true)]
    public bool Again { get; set; }

    /// <summary>Where somebody goes who does not want to sign in to the application; null where none asks for it.</summary>
    public string? CancelPath => ApplicationReturn.CancelPath(ReturnTo);

    public bool MaySignUp => signUp.IsOpen;

    /// <summary>Whoever signs up gets where they were going, too.</summary>
    public string SignUpQuery => string.IsNullOrEmpty(ReturnTo) ? "" : QueryString.Create("return_to", ReturnTo).Value!;

    /// <summary>The password was right, and a mail has to be answered first: the page offers it again.</summary>
    public bool IsUnconfirmed => Problem?.Text == "SignInUnconfirmed";

    /// <summary>Null if nothing went wrong.</summary>
    public PageProblem? Problem { get; private set; }

    public GoogleSignIn Google => google;

    /// <summary>Where the button leads: the provider, and from there to where the person was going.</summary>
    public string GoogleAddress => Request.PathBase + "/users/auth/google" + QueryString.Create("return_to", string.IsNullOrEmpty(ReturnTo) ? SeeOther.Home : ReturnTo);

    public async Task<IActionResult> OnGetAsync(string? problem, [FromQuery(Name = "login_hint")] string? loginHint)
    {
        Identifier = loginHint;
        if (GoogleProblems.Find(problem) is { } told)
            return Anew(this.Refuse(told.Status, told.Text));
        return Again || await BrowserSignIn.PersonAsync(HttpContext) is null ? Page() : this.Back(ReturnTo);
    }

    public async Task<IActionResult> OnPostAsync(string? identifier, string? password)
    {
        Identifier = identifier?.Trim();
        if (string.IsNullOrEmpty(Identifier) || string.IsNullOrEmpty(password))
            return Anew(this.Refuse(StatusCodes.Status400BadRequest, "SignInIncomplete"));
        var result = await signIn.WithPasswordAsync(HttpContext, Identifier, password, newPassword: null);
        if (result.Subject is not null)
            return this.Back(ReturnTo);
        if (result.Refusal == SubjectRefusal.PasswordChangeRequired)
            return this.To("/sign-in/new-password" + QueryString.Create("return_to", ReturnTo ?? ""));
        return Anew(this.Refuse(result, wrong: "SignInWrong"));
    }

    PageResult Anew(PageProblem problem)
    {
        (Problem, Notice) = (problem, null);
        return Page();
    }
}
