using IdentityHost.Protocol;
using IdentityHost.SignIn.External;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Pages.SignIn;

/// <summary>The page at <c>/sign-in/link</c>: somebody came from Google, an account has their address, and they prove that it is theirs.</summary>
internal sealed class LinkModel(PendingLinks pending, ExternalLinks links, ExternalArrival arrival) : PageModel
{
    const string Self = "/sign-in/link";

    public string Email { get; private set; } = "";

    public PageProblem? Problem { get; private set; }

    public IActionResult OnGet()
    {
        if (pending.Read(HttpContext) is not { } link)
            return Expired();
        Email = link.Identity.Email!;
        return Page();
    }

    public async Task<IActionResult> OnPostAsync(string? password)
    {
        if (pending.Read(HttpContext) is not { } link)
            return Expired();
        Email = link.Identity.Email!;
        if (string.IsNullOrEmpty(password))
            return Again(this.Refuse(StatusCodes.Status400BadRequest, "SignInIncomplete"));
        var result = await links.ProveAsync(HttpContext, link, password);
        if (result.Subject is { } subject)
            return this.To(await arrival.CompleteAsync(HttpContext, subject, link.ReturnTo, hasCookie: true));
        if (result.Refusal == SubjectRefusal.PasswordChangeRequired)
            return this.To("/sign-in/new-password" + QueryString.Create("return_to", Self));
        return Again(this.Refuse(result, wrong: "LinkWrong"));
    }

    IActionResult Expired() => this.To("/sign-in" + QueryString.Create("problem", ExternalProblems.Expired));

    PageResult Again(PageProblem problem)
    {
        Problem = problem;
        return Page();
    }
}
