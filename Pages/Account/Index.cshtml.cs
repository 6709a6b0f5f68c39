using IdentityHost.Protocol.Authorize;
using IdentityHost.Protocol.Tokens;
using IdentityHost.SignIn.Browser;
using IdentityHost.SignIn.External;
using IdentityHost.SignIn.Providers;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.Extensions.Localization;
using Pages.Resources;
using Pages.SignIn;

namespace Pages.Account;

/// <summary>The page at <c>/account</c>: who I am, how I sign in, where I am signed in, and the way out of each.</summary>
internal sealed class AccountModel(
    AccountOverviews overviews, ConnectedApplications applications, BrowserSignIn signIn, GoogleSignIn google, LinkingByPerson linking,
    ScopeCatalog scopes) : PageModel
{
    const string SignedOut = "/signed-out";

    /// <summary>What happened on the page before; see <see cref="Notices"/>.</summary>
    [BindProperty(Name = "notice", SupportsGet = true)]
    public string? Notice { get; set; }

    public BrowserPerson Person { get; private set; } = null!;

    public AccountOverview Overview { get; private set; } = null!;

    /// <summary>Those that may do something for this person.</summary>
    public IReadOnlyList<ConnectedApplication> Applications { get; private set; } = [];

    public GoogleSignIn Google => google;

    /// <summary>Whether the password is asked for before anything that decides who gets in is changed.</summary>
    public bool AsksPassword => Overview.HasPassword && !linking.IsFresh(Person);

    /// <summary>The text of what went wrong; null if nothing has.</summary>
    public string? Problem { get; private set; }

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

    public Task<IActionResult> OnGetAsync(string? problem) =>
        GoogleProblems.Find(problem) is { } told ? ShowAsync(told.Status, told.Text) : ShowAsync(StatusCodes.Status200OK, null);

    /// <summary>To Google, and back by the callback, where the same session must be signed in.</summary>
    public async Task<IActionResult> OnPostLinkAsync(string? password)
    {
        var answer = await linking.BeginAsync(HttpContext, Person, password);
        if (answer != LinkingAnswer.Done)
            return await ShowAsync(answer);
        // The framework redirects by 302; after a form it is 303.
        Response.StatusCode = StatusCodes.Status303SeeOther;
        return new EmptyResult();
    }

    public async Task<IActionResult> OnPostUnlinkAsync(string? password)
    {
        var answer = await linking.UnlinkAsync(HttpContext, Person, password);
        return answer == LinkingAnswer.Done ? this.To(SeeOther.Home) : await ShowAsync(answer);
    }

    Task<IActionResult> ShowAsync(LinkingAnswer answer) => answer switch
    {
        LinkingAnswer.LastWay => ShowAsync(StatusCodes.Status409Conflict, "google_last"),
        LinkingAnswer.Later => ShowAsync(StatusCodes.Status429TooManyRequests, "google_later"),
        LinkingAnswer.NotConfigured => ShowAsync(StatusCodes.Status404NotFound, "google_unavailable"),
        _ => ShowAsync(StatusCodes.Status400BadRequest, "google_password"),
    };

    async Task<IActionResult> ShowAsync(int status, string? problem)
    {
        (Response.StatusCode, Problem) = (status, problem);
        // Deleted a moment ago: there is nothing to show, and soon no session.
        if (await overviews.ReadAsync(Person.UserId, HttpContext.RequestAborted) is not { } overview)
            return this.To(SignedOut);
        Overview = overview;
        Applications = await applications.ListAsync(Person, HttpContext.RequestAborted);
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

    /// <summary>Takes an application's access away.</summary>
    public async Task<IActionResult> OnPostWithdrawAsync(string? application)
    {
        if (application is not { Length: > 0 and <= 100 } || application.Contains('\0', StringComparison.Ordinal))
            return BadRequest();
        await applications.WithdrawAsync(HttpContext, Person, application);
        return this.To(SeeOther.Home);
    }

    public async Task<IActionResult> OnPostEndAllAsync()
    {
        await signIn.EndAllAsync(HttpContext, Person);
        return this.To(SignedOut);
    }

    /// <summary>What an application may, in words.</summary>
    public string InWords(ConnectedApplication application, IStringLocalizer<PageTexts> texts) =>
        string.Join(", ", application.Scopes.Select(s => ScopeWords.Of(new ScopeInWords(s, scopes.DisplayNameOf(s)), texts)));

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
