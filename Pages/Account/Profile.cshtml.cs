using IdentityHost.Protocol.Clients;
using IdentityHost.Protocol.Endpoints;
using IdentityHost.SignIn.Browser;
using IdentityHost.Users;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;

namespace Pages.Account;

/// <summary>The page at <c>/account/profile</c>: name, phone number and postal address, which applications may be told with the person's consent.</summary>
internal sealed class ProfileModel(AccountOverviews overviews, OwnProfile profile) : SignedInPage(overviews)
{
    public PersonalDetails Details { get; private set; } = new(null, null, null);

    public FormProblems Problems { get; private set; } = FormProblems.None;

    public async Task OnGetAsync() => Details = await profile.ReadAsync(Person.UserId, HttpContext.RequestAborted);

    public async Task<IActionResult> OnPostAsync(string? name, [FromForm(Name = "phone_number")] string? phoneNumber, string? address)
    {
        Details = PersonalDetails.Typed(name, phoneNumber, address);
        var actor = new Actor(Person.UserId, DeclaredApplications.BuiltIn, RequestOrigin.Address(HttpContext));
        if (await profile.ChangeAsync(actor, Details, HttpContext.RequestAborted) is not { } refusal)
            return this.To(SeeOther.Home + QueryString.Create("notice", Notices.Profile));
        Response.StatusCode = refusal.Status;
        Problems = FormProblems.Of(refusal, HttpContext);
        return Page();
    }
}
