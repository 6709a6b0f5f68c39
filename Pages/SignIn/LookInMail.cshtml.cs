using IdentityHost.Mail;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Pages.SignIn;

/// <summary>The page at <c>/look-in-mail</c>: the one answer to everybody who typed an address, whether it is known or not.</summary>
internal sealed class LookInMailModel(MailRoute mail) : PageModel
{
    public const string SignUp = "sign-up";
    public const string Reset = "password";
    public const string Confirm = "confirm";

    [BindProperty(Name = "for", SupportsGet = true)]
    public string? What { get; set; }

    /// <summary>The name of the text.</summary>
    public string Text => What switch
    {
        SignUp => "LookSignUp",
        Reset => "LookReset",
        _ => "LookConfirm",
    };

    /// <summary>Nothing was sent: the mail is on a page of this host.</summary>
    public bool IsKept => mail.IsKept;

    public static string For(string what) => "/look-in-mail?for=" + what;
}
