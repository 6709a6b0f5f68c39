using IdentityHost.Hosting;
using IdentityHost.Protocol.Authorize;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Pages;

/// <summary>The page for people when something went wrong; run in place of the page that failed, with its status.</summary>
[IgnoreAntiforgeryToken]
internal sealed class ErrorModel : PageModel
{
    public int Status => Response.StatusCode;

    /// <summary>What is wrong with an application's request, for its developers; null where it was none.</summary>
    public AuthorizeFault? Fault => HttpContext.Features.Get<AuthorizeFault>();

    /// <summary>What whoever runs this host needs to find the request in the log.</summary>
    public string TraceId => ErrorAnswers.TraceId(HttpContext);

    /// <summary>The name of a text, by what happened: nothing here, not allowed, asked for wrongly, away for a moment, or our mistake.</summary>
    public string Text(string part) => Status switch
    {
        StatusCodes.Status404NotFound or StatusCodes.Status405MethodNotAllowed => $"Error404{part}",
        StatusCodes.Status401Unauthorized or StatusCodes.Status403Forbidden => $"Error403{part}",
        StatusCodes.Status503ServiceUnavailable => $"Error503{part}",
        < 500 => $"Error400{part}",
        _ => $"Error500{part}",
    };

    /// <summary>Somebody who types the address finds nothing here, on this same page.</summary>
    public IActionResult OnGet()
    {
        if (Status < 400)
            Response.StatusCode = StatusCodes.Status404NotFound;
        return Page();
    }
}
