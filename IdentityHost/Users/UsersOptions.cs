using IdentityHost.Mail;
using Microsoft.Extensions.Options;

namespace IdentityHost.Users;

/// <summary>The section <c>Users</c>: account policy.</summary>
internal sealed class UsersOptions
{
    public const string Section = "Users";

    /// <summary>Whether people may register themselves, also by a first sign-in at another provider.</summary>
    public bool SelfRegistration { get; set; } = true;

    /// <summary>Whether a password signs in only those who have confirmed their e-mail. Whoever registers must then have one.</summary>
    public bool RequireConfirmedEmail { get; set; }

    /// <summary>Whether a write of an account must say which version it changes (<c>If-Match</c>); without it, it is answered 428.</summary>
    public bool RequireIfMatch { get; set; }
}

/// <summary>Stops the start with the key, the value and the fix.</summary>
internal sealed class UsersOptionsCheck(MailRoute mail) : IValidateOptions<UsersOptions>
{
    public ValidateOptionsResult Validate(string? name, UsersOptions options) => options.RequireConfirmedEmail && !mail.Exists
        ? ValidateOptionsResult.Fail("Users:RequireConfirmedEmail is true, but no mail can be sent: nobody new could ever sign in. Set Mail:Smtp:Host and Mail:Smtp:From.")
        : ValidateOptionsResult.Success;
}
