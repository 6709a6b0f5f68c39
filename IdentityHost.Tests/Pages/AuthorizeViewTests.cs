using Deque.AxeCore.Playwright;
using IdentityHost.Tests.Protocol.Authorize;
using IdentityHost.Tests.Support;
using Microsoft.Playwright;

namespace IdentityHost.Tests.Pages;

/// <summary>The pages that people see on an application's behalf.</summary>
[Collection(AuthorizeHost.Name)]
public sealed class AuthorizeViewTests(AuthorizeHost host, Browser browser) : IClassFixture<Browser>
{
    const string LongName = "A registered application with a name that is rather long and-has-a-word-that-does-not-end-anywhere-soon";

    public static TheoryData<string, string, ColorScheme, int> Views =>
    [
        .. from view in new[] { "consent", "consent untrusted", "fault", "fault untrusted", "form_post" }
           from language in new[] { "en", "id" }
           from scheme in new[] { ColorScheme.Light, ColorScheme.Dark }
           from width in new[] { 320, 1280 }
           select (view, language, scheme, width),
    ];

    [Theory]
    [MemberData(nameof(Views))]
    public async Task No_axe_violation_and_no_sideways_scrolling(string view, string language, ColorScheme scheme, int width)
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
        // axe puts its script into the page, which the policy rightly refuses; only here it is set aside.
        await using var context = await browser.OpenAsync(new()
        {
            BypassCSP = true,
            ColorScheme = scheme,
            Locale = language,
            ViewportSize = new() { Width = width, Height = 900 },
        });
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
        var result = await page.RunAxe();
        Assert.Empty(result.Violations.Select(v => $"{v.Id}: {string.Join("; ", v.Nodes.Select(n => n.Html))}"));
        Assert.Equal(width, await page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
        Assert.NotEqual("rgba(0, 0, 0, 0)", await page.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor"));
        await Screenshots.TakeAsync(page, $"authorize {view} {language}", scheme, width);
    }
}
