using System.Text.RegularExpressions;
using IdentityHost.Mail;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Pages.Dev;

/// <summary>The page at <c>/dev/mail</c>: what would have been sent. In Development only; elsewhere there is nothing here.</summary>
internal sealed partial class DevMailModel(DevelopmentMailbox mailbox) : PageModel
{
    public IReadOnlyList<KeptMail> Mails { get; private set; } = [];

    public async Task<IActionResult> OnGetAsync()
    {
        if (await mailbox.NewestAsync(HttpContext.RequestAborted) is not { } mails)
            return NotFound();
        Mails = mails;
        return Page();
    }

    /// <summary>The text in pieces, so that links can be clicked.</summary>
    public static IEnumerable<(string Text, bool IsLink)> Parts(string text) => Link().Split(text).Select((part, i) => (part, i % 2 == 1));

    [GeneratedRegex(@"(?<link>https?://[^\s<>""]*[^\s<>"".,])", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Link();
}
