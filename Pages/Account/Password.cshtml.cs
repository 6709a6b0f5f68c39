using IdentityHost.SignIn.Browser;
using IdentityHost.Users.Passwords;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.Extensions.Options;

namespace Pages.Account;

/// <summary>
/// The page at <c>/account/password</c>: a new password for the one they have. It ends every session, and this browser gets a new one, so that a
/// copy of its cookie is worth nothing either.
/// </summary>
internal sealed class PasswordModel(AccountOverviews overviews, BrowserSignIn signIn, IOptions<PasswordsOptions> passwords) : SignedInPage(overviews)
{
    public int MinimumLength => passwords.Value.MinimumLength;

    /// <summary>Null if nothing went wrong.</summary>
    public PageProblem? Problem { get; private set; }

    public async Task<IActionResult> OnPostAsync(string? password, [FromForm(Name = "new_password")] string? newPassword)
    {
        if (string.IsNullOrEmpty(password) || string.IsNullOrEmpty(newPassword))
            return Again(this.Refuse(StatusCodes.Status400BadRequest, "SignInIncomplete"));
        var result = await signIn.WithPasswordAsync(HttpContext, Person.Username, password, newPassword);
        if (result.Subject is not null)
            return this.To(SeeOther.Home + QueryString.Create("notice", Notices.Password));
        return Again(this.Refuse(result, wrong: "PasswordCurrentWrong"));
    }

    PageResult Again(PageProblem problem)
    {
        Problem = problem;
        return Page();
    }
}
