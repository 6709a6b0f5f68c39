using IdentityHost.SignIn.Browser;
using IdentityHost.Users.Passwords;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.Extensions.Options;

namespace Pages.SignIn;

/// <summary>The page at <c>/sign-in/new-password</c>: whoever was given a password chooses their own before anything else.</summary>
internal sealed class NewPasswordModel(BrowserSignIn signIn, IOptions<PasswordsOptions> passwords) : PageModel
{
    public string? Identifier { get; private set; }

    [BindProperty(Name = "return_to", SupportsGet = true)]
    public string? ReturnTo { get; set; }

    public PageProblem? Problem { get; private set; }

    public int MinimumLength => passwords.Value.MinimumLength;

    public async Task<IActionResult> OnPostAsync(string? identifier, string? password, [FromForm(Name = "new_password")] string? newPassword)
    {
        Identifier = identifier?.Trim();
        if (string.IsNullOrEmpty(Identifier) || string.IsNullOrEmpty(password) || string.IsNullOrEmpty(newPassword))
            return Again(this.Refuse(StatusCodes.Status400BadRequest, "SignInIncomplete"));
        var result = await signIn.WithPasswordAsync(HttpContext, Identifier, password, newPassword);
        if (result.Subject is not null)
            return this.Back(ReturnTo);
        return Again(this.Refuse(result, wrong: "SignInWrong"));
    }

    PageResult Again(PageProblem problem)
    {
        Problem = problem;
        return Page();
    }
}
