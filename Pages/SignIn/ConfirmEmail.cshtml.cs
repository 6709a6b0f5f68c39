using IdentityHost.Protocol.Endpoints;
using IdentityHost.SignIn.Browser;
using IdentityHost.Users.Links;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Pages.SignIn;

/// <summary>
/// The page at <c>/confirm-email</c>, where the link of the mail leads. Opening it changes nothing, because programs that scan mail open links too; the
/// button does.
/// </summary>
internal sealed class ConfirmEmailModel(EmailConfirmation confirmation) : PageModel
{
    [BindProperty(Name = "token", SupportsGet = true)]
    public string? Token { get; set; }

    /// <summary>The text of why it did not work.</summary>
    public string? Problem { get; private set; }

    public void OnGet()
    {
        if (string.IsNullOrEmpty(Token))
            Refuse("LinkBad");
    }

    public async Task<IActionResult> OnPostAsync()
    {
        switch (await confirmation.ConfirmAsync(Token, RequestOrigin.Address(HttpContext)))
        {
            case Confirmation.Confirmed:
                var signedIn = await BrowserSignIn.PersonAsync(HttpContext) is not null;
                return this.To((signedIn ? SeeOther.Home : BrowserSession.SignInPath) + QueryString.Create("notice", Notices.Confirmed));
            case Confirmation.Taken:
                Refuse("ConfirmTaken");
                return Page();
            default:
                Refuse("LinkBad");
                return Page();
        }
    }

    void Refuse(string problem) => (Response.StatusCode, Problem) = (StatusCodes.Status400BadRequest, problem);
}
