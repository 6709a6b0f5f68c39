using IdentityHost.Tests.Support;
using Microsoft.Playwright;

namespace IdentityHost.Tests.Pages;

/// <summary>The pages that live on mail, in a browser without scripts, on a host with a database.</summary>
[Collection(SharedHost.Name)]
public sealed class MailPageViewTests(HostFixture host, Browser browser) : IClassFixture<Browser>
{
    /// <summary>Every page that lives on mail, as it is opened and (with a mark) as it comes back refused.</summary>
    [Theory]
    [InlineData("/docs")]
    [InlineData("/docs?ui_locales=id")]
    [InlineData("/sign-in")]
    [InlineData("/sign-in?notice=reset")]
    [InlineData("/sign-up")]
    [InlineData("/sign-up?ui_locales=id")]
    [InlineData("/sign-up!")]
    [InlineData("/look-in-mail?for=sign-up")]
    [InlineData("/look-in-mail?for=password")]
    [InlineData("/forgot-password")]
    [InlineData("/forgot-password!")]
    [InlineData("/confirm-email/again")]
    [InlineData("/confirm-email?token=x")]
    [InlineData("/confirm-email")]
    [InlineData("/reset-password?token=x")]
    [InlineData("/reset-password")]
    [InlineData("/account?notice=password")]
    [InlineData("/account/email")]
    [InlineData("/account/email!")]
    [InlineData("/account/password")]
    [InlineData("/account/password!")]
    [InlineData("/dev/mail")]
    public async Task No_axe_violation_and_no_sideways_scrolling(string view)
    {
        var tab = new Tab(host);
        await tab.SignInAsync(await PersonAsync(), BackChannel.Password);
        await using var context = await browser.OpenAsync(PageLook.ForAxe);
        var address = host.Nodes[0].Address;
        if (view.Contains("/account", StringComparison.Ordinal))
            await context.AddCookiesAsync(tab.Cookies.Select(c => new Cookie { Name = c.Key, Value = c.Value, Url = address.ToString() }));
        var page = await context.NewPageAsync();
        await page.GotoAsync(new Uri(address, view.TrimEnd('!')).ToString());
        if (view.EndsWith('!'))
            await RefuseAsync(page);
        await page.MustBeSoundAsync("mail" + view);
    }

    [Fact]
    public async Task Whole_way_by_keyboard_without_a_script()
    {
        await using var context = await browser.OpenAsync(new() { JavaScriptEnabled = false });
        var page = await context.NewPageAsync();
        var name = BackChannel.NewName();
        var root = host.Nodes[0].Address;
        await page.GotoAsync(new Uri(root, "/sign-up").ToString());
        await page.FocusAsync("#username");
        await page.Keyboard.TypeAsync(name);
        await page.Keyboard.PressAsync("Tab");
        await page.Keyboard.TypeAsync($"{name}@example.com");
        await page.Keyboard.PressAsync("Tab");
        await page.Keyboard.TypeAsync(BackChannel.Password);
        await page.Keyboard.PressAsync("Enter");
        await page.WaitForURLAsync("**/account");

        await page.GotoAsync(new Uri(root, await host.LinkToAsync($"{name}@example.com")).ToString());
        await page.ClickAsync("main button");
        await page.WaitForURLAsync("**/account?notice=confirmed");
        await page.ClickAsync("text=Sign out everywhere");
        await page.WaitForURLAsync("**/signed-out");

        await page.GotoAsync(new Uri(root, "/sign-in").ToString());
        await page.ClickAsync("text=Forgotten your password?");
        await page.FillAsync("#email", $"{name}@example.com");
        await page.Keyboard.PressAsync("Enter");
        await page.WaitForURLAsync("**/look-in-mail?for=password");
        await page.GotoAsync(new Uri(root, await host.LinkToAsync($"{name}@example.com")).ToString());
        await page.FillAsync("#password", "seven bright stones");
        await page.Keyboard.PressAsync("Enter");
        await page.WaitForURLAsync("**/sign-in?notice=reset");
        await page.FillAsync("#identifier", name);
        await page.FillAsync("#password", "seven bright stones");
        await page.Keyboard.PressAsync("Enter");
        await page.WaitForURLAsync("**/account");
        Assert.Contains(name, await page.TextContentAsync("main"), StringComparison.Ordinal);
    }

    /// <summary>Sends the form with everything wrong, past the browser's own checks.</summary>
    static async Task RefuseAsync(IPage page)
    {
        await page.EvaluateAsync("document.querySelector('main form').noValidate = true");
        foreach (var field in await page.QuerySelectorAllAsync("main form input:not([type=hidden])"))
            await field.FillAsync("a b");
        await page.ClickAsync("main form button");
        await page.WaitForSelectorAsync(".problem");
    }

    async Task<string> PersonAsync()
    {
        var (username, id, _) = await host.PersonAsync();
        await host.ExecuteAsync("UPDATE users SET pending_email = 'somebody.with.a.long.name@a-rather-long-domain.example.com' WHERE id = $1", id);
        return username;
    }
}
