using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.Extensions.Hosting;

namespace Pages.Docs;

/// <summary>
/// The page at <c>/docs</c>: every operation, and a form that tries the code, password and refresh grants with a script of this host. What it is given stays in
/// the page's memory, the proof of a code for the time of the sign-in alone; no other origin can be asked.
/// </summary>
internal sealed class IndexModel(IHostEnvironment environment) : PageModel
{
    /// <summary>As every page, and our own script, which may ask our own API.</summary>
    const string Policy =
        "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

    /// <summary>The public client that Development declares; elsewhere the operator's own.</summary>
    public string Client => environment.IsDevelopment() ? "demo" : "";

    public static IEnumerable<Operation> Operations => ApiDocument.Operations;

    public static string IdOf(Operation operation) =>
        operation.Method.ToLowerInvariant() + operation.Path.Replace('/', '-').Replace("{", "", StringComparison.Ordinal).Replace("}", "", StringComparison.Ordinal);

    public void OnGet() => Response.Headers.ContentSecurityPolicy = Policy;
}
