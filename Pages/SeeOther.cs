using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Pages;

/// <summary>Where a page sends the browser next.</summary>
internal static class SeeOther
{
    /// <summary>The page for those who came from nowhere.</summary>
    public const string Home = "/account";

    /// <summary>Answers 303, never 307: the form with the password must not be posted on (RFC 9700 §4.12).</summary>
    public static IActionResult To(this PageModel page, string path)
    {
        page.Response.Headers.Location = page.Request.PathBase + path;
        return new StatusCodeResult(StatusCodes.Status303SeeOther);
    }

    /// <summary>Back to where the person wanted to go, if that is a path of this host; anything else could be a stranger's trap.</summary>
    public static IActionResult Back(this PageModel page, string? returnTo) => page.To(IsOurs(page, returnTo) ? returnTo! : Home);

    static bool IsOurs(PageModel page, string? path) =>
        path is ['/', ..] && page.Url.IsLocalUrl(path) && !path.Contains('\\', StringComparison.Ordinal) && path.All(c => c is > ' ' and < '\x7f');
}
