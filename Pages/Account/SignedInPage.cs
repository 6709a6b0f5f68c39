using IdentityHost.SignIn.Browser;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Pages.Account;

/// <summary>A page of somebody's own account: whoever is not signed in signs in first, and comes back.</summary>
internal abstract class SignedInPage(AccountOverviews overviews) : PageModel
{
    public BrowserPerson Person { get; private set; } = null!;

    public AccountOverview Overview { get; private set; } = null!;

    public override async Task OnPageHandlerExecutionAsync(PageHandlerExecutingContext context, PageHandlerExecutionDelegate next)
    {
        if (await BrowserSignIn.PersonAsync(HttpContext) is not { } person
            || await overviews.ReadAsync(person.UserId, HttpContext.RequestAborted) is not { } overview)
        {
            context.Result = this.To(BrowserSession.SignInPath + QueryString.Create("return_to", Request.Path.Value!));
            return;
        }
        (Person, Overview) = (person, overview);
        await next();
    }
}
