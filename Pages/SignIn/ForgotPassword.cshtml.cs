using IdentityHost.Users.Links;

namespace Pages.SignIn;

/// <summary>The page at <c>/forgot-password</c>: a link to choose a new one by, mailed to the address.</summary>
internal sealed class ForgotPasswordModel(LinkMail mail) : AddressPage(mail)
{
    protected override string Purpose => LookInMailModel.Reset;

    protected override Task<TimeSpan?> AskAsync(string email, string address) => Mail.AskResetAsync(email, address);
}
