using IdentityHost.Users.Links;

namespace Pages.SignIn;

/// <summary>The page at <c>/confirm-email/again</c>: the link to confirm an address by, mailed once more.</summary>
internal sealed class ConfirmAgainModel(LinkMail mail) : AddressPage(mail)
{
    protected override string Purpose => LookInMailModel.Confirm;

    protected override Task<TimeSpan?> AskAsync(string email, string address) => Mail.AskConfirmationAsync(email, address);
}
