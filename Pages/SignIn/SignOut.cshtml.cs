using IdentityHost.Protocol.Logout;
using IdentityHost.SignIn.Browser;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Pages.SignIn;

/// <summary>
/// The page at <c>/sign-out</c>: asks whoever is signed in whether they want to leave, then sends them where the application wished. Only a hint that
/// names the session of this very browser makes the question needless: anybody can send a browser here.
/// </summary>
internal sealed class SignOutModel(BrowserSignIn signIn, LogoutRequests requests) : PageModel
{
    const string SignedOut = "/signed-out";

    /// <summary>What the application asked for, sealed by the end session endpoint.</summary>
    [BindProperty(Name = "request", SupportsGet = true)]
    public string? Asked { get; set; }

    [BindProperty(Name = "ui_locales", SupportsGet = true)]
    public string? UiLocales { get; set; }

    public LogoutRequest Wish { get; private set; } = LogoutRequest.Bare;

    public BrowserPerson Person { get; private set; } = null!;

    public async Task<IActionResult> OnGetAsync()
    {
        Wish = requests.Open(Asked);
        if (await BrowserSignIn.PersonAsync(HttpContext) is not { } person)
            return Leave();
        if (Wish.SessionId == person.SessionId)
            return await EndAsync();
        Person = person;
        return Page();
    }

    public Task<IActionResult> OnPostAsync()
    {
        Wish = requests.Open(Asked);
        return EndAsync();
    }

    async Task<IActionResult> EndAsync()
    {
        await signIn.SignOutAsync(HttpContext);
        return Leave();
    }

    IActionResult Leave()
    {
        if (Wish.ReturnTo is not { } address)
            return this.To(SignedOut + (string.IsNullOrEmpty(UiLocales) ? "" : QueryString.Create("ui_locales", UiLocales)));
        Response.Headers.Location = address;
        return new StatusCodeResult(StatusCodes.Status303SeeOther);
    }
}
