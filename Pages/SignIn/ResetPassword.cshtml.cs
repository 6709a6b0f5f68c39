using IdentityHost.Protocol.Endpoints;
using IdentityHost.SignIn.Browser;
using IdentityHost.Users.Api;
using IdentityHost.Users.Passwords;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.Extensions.Options;

namespace Pages.SignIn;

/// <summary>The page at <c>/reset-password</c>, where the link of the mail leads: a new password, once.</summary>
internal sealed class ResetPasswordModel(PasswordReset reset, IOptions<PasswordsOptions> passwords) : PageModel
{
    [BindProperty(Name = "token", SupportsGet = true)]
    public string? Token { get; set; }

    public bool IsBadLink { get; private set; }

    public FormProblems Problems { get; private set; } = FormProblems.None;

    public int MinimumLength => passwords.Value.MinimumLength;

    public void OnGet()
    {
        if (string.IsNullOrEmpty(Token))
            Again(PasswordReset.BadLink);
    }

    public async Task<IActionResult> OnPostAsync(string? password)
    {
        ApiError? refusal;
        try
        {
            var address = RequestOrigin.Address(HttpContext);
            refusal = await reset.ResetAsync(Token, password, address, HttpContext.RequestAborted);
        }
        catch (HashingQueueFullException full)
        {
            refusal = ApiErrors.Unavailable(full.RetryAfter);
        }
        if (refusal is null)
            return this.To(BrowserSession.SignInPath + QueryString.Create("notice", Notices.Reset));
        Again(refusal);
        return Page();
    }

    void Again(ApiError refusal)
    {
        IsBadLink = refusal == PasswordReset.BadLink;
        Problems = this.Refuse(refusal);
    }
}
