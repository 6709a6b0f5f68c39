using IdentityHost.Tests.Protocol.Authorize;
using IdentityHost.Tests.Support;
using Microsoft.Playwright;

namespace IdentityHost.Tests.Pages;

/// <summary>The pages that people see on an application's behalf.</summary>
[Collection(AuthorizeHost.Name)]
public sealed class AuthorizeViewTests(AuthorizeHost host, Browser browser) : IClassFixture<Browser>
{
    const string LongName = "A registered application with a name that is rather long and-has-a-word-that-does-not-end-anywhere-soon";

    public static TheoryData<string, string> Views =>
    [
        .. from view in new[] { "consent", "consent untrusted", "fault", "fault untrusted", "form_post" }
           from language in new[] { "en", "id" }
           select (view, language),
    ];

    [Theory]
    [MemberData(nameof(Views))]
    public async Task No_axe_violation_and_no_sideways_scrolling(string view, string language)
    {
        var app = new RelyingParty(host, view == "form_post" ? AuthorizeHost.Own : AuthorizeHost.Web);
        var (tab, _, _) = await app.PersonAsync();
        if (view.EndsWith("untrusted", StringComparison.Ordinal))
            app = await RelyingParty.RegisteredAsync(host, LongName[..100]);
        var path = view switch
        {
            "consent" => app.Address(("scope", "openid profile email offline_access users:self users:manage roles")),
            "fault" => app.Address(("redirect_uri", "https://evil.example/cb")),
            "fault untrusted" => app.Address(("scope", "x")),
            "form_post" => app.Address(("response_mode", "form_post")),
            _ => app.Address(),
        };
        await using var context = await browser.OpenAsync(new(PageLook.ForAxe) { Locale = language });
        var address = host.Nodes[0].Address;
        await context.AddCookiesAsync(tab.Cookies.Select(c => new Cookie { Name = c.Key, Value = c.Value, Url = address.ToString() }));
        // Without its script the page that posts its form stays, as for those who have none.
        await context.RouteAsync(url => view == "form_post" && url.Contains("/connect/authorize?", StringComparison.Ordinal), async route =>
        {
            var answer = await route.FetchAsync();
            await route.FulfillAsync(new() { Response = answer, Body = (await answer.TextAsync()).Split("<script")[0] });
        });
        var page = await context.NewPageAsync();
        await page.GotoAsync(new Uri(address, path).ToString());
        Assert.Equal(language, await page.GetAttributeAsync("html", "lang"));
        Assert.NotEqual("rgba(0, 0, 0, 0)", await page.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor"));
        await page.MustBeSoundAsync($"authorize {view} {language}");
    }
}
