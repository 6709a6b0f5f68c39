using IdentityHost.Mail;
using IdentityHost.SignIn.Browser;
using IdentityHost.Users.Api;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Pages.Account;

/// <summary>The page at <c>/account/email</c>: another address, which takes effect when it is confirmed.</summary>
internal sealed class EmailModel(AccountOverviews overviews, OwnEmail change, MailRoute mail) : SignedInPage(overviews)
{
    public string? Email { get; private set; }

    /// <summary>The mails are on their way.</summary>
    public bool Asked { get; private set; }

    public bool IsPossible => mail.Exists;

    public bool IsKept => mail.IsKept;

    public FormProblems Problems { get; private set; } = FormProblems.None;

    public async Task<IActionResult> OnPostAsync(string? email, string? password)
    {
        Email = email?.Trim();
        if (!IsPossible)
            return Again(ApiErrors.Unavailable(TimeSpan.FromHours(1)));
        if (await change.AskAsync(HttpContext, Person, Email, password) is { } refusal)
            return Again(refusal);
        Asked = true;
        return Page();
    }

    PageResult Again(ApiError refusal)
    {
        Problems = this.Refuse(refusal);
        return Page();
    }
}
