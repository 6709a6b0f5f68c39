using System.Globalization;
using System.Resources;
using System.Security.Cryptography;
using System.Text.Encodings.Web;

namespace IdentityHost.Protocol.Authorize;

/// <summary>
/// A page whose form posts itself to the application (OAuth 2.0 Form Post Response Mode §2); without scripts by its button. It is no Razor page, since
/// the engine knows none, and has the look of those by their stylesheet.
/// </summary>
internal static class FormPostPage
{
    static readonly ResourceManager Words = new("IdentityHost.Protocol.Authorize.FormPostTexts", typeof(FormPostPage).Assembly);

    public static Task WriteAsync(HttpContext context, VerifiedRedirect redirect, IEnumerable<(string Name, string Value)> members)
    {
        var nonce = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
        var html = HtmlEncoder.Default;
        var fields = string.Concat(members.Select(m => $"<input type=\"hidden\" name=\"{html.Encode(m.Name)}\" value=\"{html.Encode(m.Value)}\">"));
        var language = CultureInfo.CurrentUICulture;
        var heading = html.Encode(Text("Heading", language, redirect.Host));
        var page =
            $"""
            <!DOCTYPE html>
            <html lang="{language.TwoLetterISOLanguageName}">
            <head>
              <meta charset="utf-8">
              <meta name="viewport" content="width=device-width, initial-scale=1">
              <meta name="color-scheme" content="light dark">
              <title>{heading}</title>
              <link rel="icon" href="data:,">
              <link rel="stylesheet" href="{html.Encode(context.Request.PathBase + "/site.css")}">
            </head>
            <body>
              <main class="card">
                <h1>{heading}</h1>
                <p class="lead">{html.Encode(Text("Lead", language, redirect.Host))}</p>
                <form class="form" method="post" action="{html.Encode(redirect.Uri)}">{fields}<button class="button wide" type="submit">{html.Encode(Text("Button", language, redirect.Host))}</button></form>
              </main>
              <script nonce="{nonce}">document.forms[0].submit()</script>
            </body>
            </html>
            """;
        var response = context.Response;
        // No form-action: this form's is the very address that was verified.
        response.Headers.ContentSecurityPolicy =
            $"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'";
        response.ContentType = "text/html; charset=utf-8";
        return response.WriteAsync(page);
    }

    static string Text(string name, CultureInfo language, string host) =>
        string.Format(CultureInfo.InvariantCulture, Words.GetString(name, language) ?? throw new InvalidOperationException($"FormPostTexts.resx has no {name}."), host);
}
