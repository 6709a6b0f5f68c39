using IdentityHost.SignIn.Browser;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.Extensions.Localization;
using Pages.Resources;

namespace Pages.Account;

/// <summary>The page at <c>/account</c>: who I am, how I sign in, where I am signed in, and the way out of each.</summary>
internal sealed class AccountModel(AccountOverviews overviews, BrowserSignIn signIn) : PageModel
{
    const string SignedOut = "/signed-out";

    public BrowserPerson Person { get; private set; } = null!;

    public AccountOverview Overview { get; private set; } = null!;

    /// <summary>Whoever is not signed in signs in first, and comes back.</summary>
    public override async Task OnPageHandlerExecutionAsync(PageHandlerExecutingContext context, PageHandlerExecutionDelegate next)
    {
        if (await BrowserSignIn.PersonAsync(HttpContext) is not { } person)
        {
            context.Result = this.To(BrowserSession.SignInPath + QueryString.Create("return_to", SeeOther.Home));
            return;
        }
        Person = person;
        await next();
    }

    public async Task<IActionResult> OnGetAsync()
    {
        // Deleted a moment ago: there is nothing to show, and soon no session.
        if (await overviews.ReadAsync(Person.UserId, HttpContext.RequestAborted) is not { } overview)
            return this.To(SignedOut);
        Overview = overview;
        return Page();
    }

    public async Task<IActionResult> OnPostEndAsync(string? session)
    {
        if (!Guid.TryParseExact(session, "N", out var id))
            return BadRequest();
        if (id == Person.SessionId)
        {
            await signIn.SignOutAsync(HttpContext);
            return this.To(SignedOut);
        }
        await signIn.EndAsync(HttpContext, Person, id);
        return this.To(SeeOther.Home);
    }

    public async Task<IActionResult> OnPostEndAllAsync()
    {
        await signIn.EndAllAsync(HttpContext, Person);
        return this.To(SignedOut);
    }

    public string Methods(IStringLocalizer<PageTexts> texts)
    {
        List<string> methods = [];
        if (Overview.HasPassword)
            methods.Add(texts["MethodPassword"]);
        if (Overview.HasGoogle)
            methods.Add(texts["MethodGoogle"]);
        return methods.Count == 0 ? texts["None"] : string.Join(", ", methods);
    }
}
