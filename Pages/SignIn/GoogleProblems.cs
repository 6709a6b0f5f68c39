using IdentityHost.SignIn.External;
using Microsoft.AspNetCore.Http;

namespace Pages.SignIn;

/// <summary>The sentences for a sign-in at Google that came to nothing, by the query parameter <c>problem</c>. A closed list: nobody else's words get onto a page.</summary>
internal static class GoogleProblems
{
    /// <summary>The name of the text, and the status of the page that shows it; null for a code that nobody has.</summary>
    public static (string Text, int Status)? Find(string? code) => code switch
    {
        ExternalProblems.Cancelled or ExternalProblems.Unavailable => (code, StatusCodes.Status200OK),
        ExternalProblems.State or ExternalProblems.Failed or ExternalProblems.Session or ExternalProblems.Expired => (code, StatusCodes.Status400BadRequest),
        ExternalProblems.Disabled or ExternalProblems.Domain or ExternalProblems.Unverified or ExternalProblems.Closed => (code, StatusCodes.Status403Forbidden),
        ExternalProblems.Taken => (code, StatusCodes.Status409Conflict),
        _ => null,
    };
}
