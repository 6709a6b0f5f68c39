using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.Extensions.Hosting;

namespace Pages;

/// <summary>The page at <c>/</c>: what runs here and where to go.</summary>
internal sealed class IndexModel(IdentityHost.Issuer issuer, IHostEnvironment environment) : PageModel
{
    public string Issuer => issuer.Value;

    /// <summary>The public client that Development declares; elsewhere the operator's own.</summary>
    string Client => environment.IsDevelopment() ? "demo" : "YOUR-CLIENT";

    /// <summary>One command for a POSIX shell; the form encoding is curl's, so any password goes in as it is.</summary>
    public string Command =>
        $"""
        curl {Issuer}/connect/token \
          --data-urlencode grant_type=password \
          --data-urlencode client_id={Client} \
          --data-urlencode scope=users:self \
          --data-urlencode 'username=YOUR-NAME' \
          --data-urlencode 'password=YOUR-PASSWORD'
        """.ReplaceLineEndings("\n");
}
