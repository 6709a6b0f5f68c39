using IdentityHost.SignIn.Browser;
using IdentityHost.Users.Passwords;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.Extensions.Options;

namespace Pages.SignIn;

/// <summary>The page at <c>/sign-up</c>: a new account.</summary>
internal sealed class SignUpModel(SignUp signUp, IOptions<PasswordsOptions> passwords) : PageModel
{
    public bool IsOpen => signUp.IsOpen;

    public int MinimumLength => passwords.Value.MinimumLength;

    /// <summary>As typed, so that only the password has to be typed again.</summary>
    public string? Username { get; private set; }

    public string? Email { get; private set; }

    [BindProperty(Name = "return_to", SupportsGet = true)]
    public string? ReturnTo { get; set; }

    /// <summary>Whoever is signed in may make another account: an application asks for it.</summary>
    [BindProperty(Name = "again", SupportsGet = true)]
    public bool Again { get; set; }

    public FormProblems Problems { get; private set; } = FormProblems.None;

    public async Task<IActionResult> OnGetAsync()
    {
        if (!Again && await BrowserSignIn.PersonAsync(HttpContext) is not null)
            return this.Back(ReturnTo);
        if (!IsOpen)
            Response.StatusCode = StatusCodes.Status404NotFound;
        return Page();
    }

    public async Task<IActionResult> OnPostAsync(string? username, string? email, string? password)
    {
        (Username, Email) = (username?.Trim(), email?.Trim());
        var (outcome, error) = await signUp.RegisterAsync(HttpContext, Username, Email, password);
        switch (outcome)
        {
            case SignUpOutcome.SignedIn:
                return this.Back(ReturnTo);
            case SignUpOutcome.LookInMail:
                return this.To(LookInMailModel.For(LookInMailModel.SignUp));
            default:
                Problems = this.Refuse(error!);
                return Page();
        }
    }
}
