using IdentityHost.Protocol.Authorize;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Pages.Consent;

/// <summary>The page at <c>/consent</c>: who asks, for what, and where it returns to. What follows from the answer is not decided here.</summary>
internal sealed class ConsentModel(ConsentPrompts prompts) : PageModel
{
    public ConsentPrompt Prompt { get; private set; } = null!;

    [BindProperty(Name = "id", SupportsGet = true)]
    public string? Id { get; set; }

    public async Task<IActionResult> OnGetAsync()
    {
        if (!TryId(out var id))
            return Gone();
        if (await prompts.FindAsync(HttpContext, id) is not { } prompt)
            // No longer signed in, or never this browser's: the endpoint knows which, and says so.
            return this.To(AuthorizationRequests.PathOf(id));
        Prompt = prompt;
        return Page();
    }

    public async Task<IActionResult> OnPostAllowAsync()
    {
        if (!TryId(out var id))
            return Gone();
        return this.To(await prompts.AllowAsync(HttpContext, id) ?? AuthorizationRequests.PathOf(id));
    }

    public IActionResult OnPostDeny() => TryId(out var id) ? this.To(AuthorizationRequests.PathOf(id) + "/cancel") : Gone();

    bool TryId(out Guid id) => Guid.TryParseExact(Id, "N", out id);

    BadRequestResult Gone() => BadRequest();
}
