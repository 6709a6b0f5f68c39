using IdentityHost.Protocol.Endpoints;
using IdentityHost.Users;
using IdentityHost.Users.Api;
using IdentityHost.Users.Links;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Pages.SignIn;

/// <summary>A page that asks for an address and mails a link there. Its answer is the same whether the address is known, unknown or has had enough mail.</summary>
internal abstract class AddressPage(LinkMail mail) : PageModel
{
    public string? Email { get; private set; }

    public FormProblems Problems { get; private set; } = FormProblems.None;

    public bool IsPossible => Mail.IsPossible;

    protected LinkMail Mail { get; } = mail;

    /// <summary>What <see cref="LookInMailModel"/> is told.</summary>
    protected abstract string Purpose { get; }

    protected abstract Task<TimeSpan?> AskAsync(string email, string address);

    public void OnGet()
    {
        // Nothing here pretends that a mail is on its way.
        if (!IsPossible)
            Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
    }

    public async Task<IActionResult> OnPostAsync(string? email)
    {
        Email = email?.Trim();
        if (!IsPossible)
        {
            OnGet();
            return Page();
        }
        if (AccountRules.Email(Email ?? "") is { } malformed)
        {
            Problems = this.Refuse(malformed);
            return Page();
        }
        if (await AskAsync(Email!, RequestOrigin.Address(HttpContext)) is { } wait)
        {
            Problems = this.Refuse(ApiErrors.TooManyRequests(wait));
            return Page();
        }
        return this.To(LookInMailModel.For(Purpose));
    }
}
