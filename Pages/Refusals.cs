using System.Globalization;
using IdentityHost.Protocol;
using IdentityHost.Users.Api;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Pages;

/// <summary>Why a page is shown again: the name of a text, and the seconds to wait that it may speak of.</summary>
internal sealed record PageProblem(string Text, string Wait);

/// <summary>How a page answers a refusal: its status, <c>Retry-After</c> where waiting helps, and the words.</summary>
internal static class Refusals
{
    /// <summary>A refusal in the words of the API.</summary>
    public static FormProblems Refuse(this PageModel page, ApiError error)
    {
        // 401 would be a challenge; here somebody mistyped.
        page.Response.StatusCode = error.Status == StatusCodes.Status401Unauthorized ? StatusCodes.Status400BadRequest : error.Status;
        Wait(page, error.RetryAfter);
        return FormProblems.Of(error, page.HttpContext);
    }

    /// <summary>What the one door has refused. Every page that asks for a password answers the same.</summary>
    /// <param name="page">The page.</param>
    /// <param name="refused">What the door said.</param>
    /// <param name="wrong">The text where the password was wrong, in the words of the page.</param>
    public static PageProblem Refuse(this PageModel page, SubjectResult refused, string wrong) => refused.Refusal switch
    {
        SubjectRefusal.TooManyAttempts => page.Refuse(StatusCodes.Status429TooManyRequests, "SignInTooMany", refused.RetryAfter),
        SubjectRefusal.Busy => page.Refuse(StatusCodes.Status503ServiceUnavailable, "SignInBusy", refused.RetryAfter),
        SubjectRefusal.Disabled => page.Refuse(StatusCodes.Status403Forbidden, "SignInDisabled"),
        SubjectRefusal.EmailNotConfirmed => page.Refuse(StatusCodes.Status403Forbidden, "SignInUnconfirmed"),
        SubjectRefusal.WeakPassword => page.Refuse(StatusCodes.Status400BadRequest, "NewPasswordWeak"),
        _ => page.Refuse(StatusCodes.Status400BadRequest, wrong),
    };

    /// <summary>What the page itself refuses.</summary>
    public static PageProblem Refuse(this PageModel page, int status, string text, TimeSpan? retryAfter = null)
    {
        page.Response.StatusCode = status;
        return new PageProblem(text, Wait(page, retryAfter));
    }

    static string Wait(PageModel page, TimeSpan? retryAfter)
    {
        if (retryAfter is not { } wait)
            return "";
        var seconds = Math.Max(1, Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        page.Response.Headers.RetryAfter = seconds;
        return seconds;
    }
}
