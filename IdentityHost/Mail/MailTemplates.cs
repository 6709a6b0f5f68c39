using System.Globalization;
using System.Resources;
using System.Text.Encodings.Web;

namespace IdentityHost.Mail;

/// <summary>What the host writes to people about; each has a Subject, a Lead, a Button and a Note in MailTexts.resx.</summary>
internal enum MailKind
{
    /// <summary>To whoever registered with the address.</summary>
    ConfirmEmail,

    /// <summary>To the address somebody wants to have from now on.</summary>
    ConfirmNewEmail,

    /// <summary>To the address they have: somebody asked for another one.</summary>
    EmailChanging,

    /// <summary>A link to choose a new password by.</summary>
    ResetPassword,

    /// <summary>Somebody registered with an address that has an account: what the page must not say is said to its owner.</summary>
    AddressTaken,

    PasswordChanged,
}

/// <summary>A mail without its recipient.</summary>
internal sealed record MailContent(string Subject, string Text, string Html);

/// <summary>
/// Text and HTML in the language of the request that caused it. Links begin with the issuer, never with what a request names as its host; nothing
/// is loaded from anywhere, so opening a mail tells nobody.
/// </summary>
internal sealed class MailTemplates(Issuer issuer, Branding branding)
{
    static readonly ResourceManager Words = new("IdentityHost.Mail.MailTexts", typeof(MailTemplates).Assembly);

    /// <param name="kind">What it is about.</param>
    /// <param name="path">Where its button leads, below the issuer.</param>
    /// <param name="language">English unless there are words in it.</param>
    /// <param name="detail">What the placeholder in its lead stands for.</param>
    public MailContent Render(MailKind kind, string path, CultureInfo language, string detail = "")
    {
        var link = issuer.UrlOf(path);
        var (subject, lead, button, note) = (Get("Subject"), Get("Lead"), Get("Button"), Get("Note"));
        var sender = string.Format(language, Word("Sender", language), branding.ProductName, issuer.Value);
        return new MailContent(
            subject,
            $"{lead}\n\n{button}:\n{link}\n\n{note}\n\n-- \n{sender}\n".ReplaceLineEndings("\r\n"),
            Html(language, subject, lead, button, link, note, sender));

        string Get(string part) => string.Format(language, Word($"{kind}{part}", language), detail);
    }

    static string Word(string name, CultureInfo language) =>
        Words.GetString(name, language) ?? throw new InvalidOperationException($"MailTexts.resx has no {name}.");

    /// <summary>Styles stand on the elements, since many mail programs drop a style sheet.</summary>
    string Html(CultureInfo language, string subject, string lead, string button, string link, string note, string sender) =>
        $"""
        <!DOCTYPE html>
        <html lang="{language.TwoLetterISOLanguageName}">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light">
        <title>{Encode(subject)}</title>
        </head>
        <body style="margin:0;padding:24px;background:#f3f6f5;color:#17211f;font:16px/1.6 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif">
        <div style="max-width:32em;margin:0 auto;padding:24px;background:#ffffff;border:1px solid #d5dddb;border-radius:8px">
        <h1 style="margin:0 0 16px;font-size:22px;line-height:1.25">{Encode(subject)}</h1>
        <p style="margin:0 0 24px">{Encode(lead)}</p>
        <p style="margin:0 0 24px"><a href="{Encode(link)}" style="display:inline-block;padding:10px 24px;background:{(branding.Accent ?? AccentColor.Default).Light};color:{AccentColor.OnLight};border-radius:8px;font-weight:600;text-decoration:none">{Encode(button)}</a></p>
        <p style="margin:0 0 24px;font-size:14px;color:#51605d;overflow-wrap:anywhere">{Encode(link)}</p>
        <p style="margin:0 0 24px">{Encode(note)}</p>
        <p style="margin:0;padding-top:16px;border-top:1px solid #d5dddb;font-size:14px;color:#51605d">{Encode(sender)}</p>
        </div>
        </body>
        </html>
        """.ReplaceLineEndings("\r\n");

    static string Encode(string text) => HtmlEncoder.Default.Encode(text);
}
