using System.Text.RegularExpressions;
using FakeGoogle;
using IdentityHost.Tests.Support;
using IdentityHost.Tests.Users;
using Microsoft.Playwright;

namespace IdentityHost.Tests.SignIn.Google;

/// <summary>Everything a person does with their account, in one Chromium without scripts, each request on the next node.</summary>
public sealed partial class WholeWayTests(FrontedGoogleHost host, Browser browser) : IClassFixture<FrontedGoogleHost>, IClassFixture<Browser>
{
    const string Second = "seven bright stones";

    [Fact]
    [Case("R34")]
    public async Task From_signing_up_to_signing_out_everywhere()
    {
        await using var context = await browser.OpenAsync(new() { JavaScriptEnabled = false });
        var page = await context.NewPageAsync();
        var name = BackChannel.NewName();
        var email = $"{name}@mail.example";

        await SignUpAndConfirmAsync(page, name, email);
        await EndEverywhereAsync(page);
        await SignInAsync(page, name, BackChannel.Password);
        await EndEverywhereAsync(page);
        await ForgetAsync(page, email);
        await SignInAsync(page, name, Second);

        // From the account to Google, and then in by Google alone, from another browser.
        var person = host.NewPerson(p => p with { Email = $"other-{email}" });
        await page.GetByRole(AriaRole.Button, new() { Name = "Link Google" }).ClickAsync();
        await ChooseAsync(page, person);
        Assert.Contains("You can sign in with Google", await page.InnerTextAsync("main"), StringComparison.Ordinal);
        await using var elsewhere = await browser.OpenAsync(new() { JavaScriptEnabled = false });
        var second = await elsewhere.NewPageAsync();
        await GoogleAsync(second, person);
        Assert.Equal($"Hello, {name}", await second.TextContentAsync("h1"));

        // Everywhere is everywhere.
        await EndEverywhereAsync(page);
        await second.GotoAsync(host.Address + "/account");
        Assert.StartsWith(host.Address + "/sign-in", second.Url, StringComparison.Ordinal);
    }

    [Fact]
    public async Task From_Google_to_an_account_with_a_password_that_was_forgotten()
    {
        var person = host.NewPerson(p => p with { Email = $"{BackChannel.NewName()}@mail.example" });
        var (username, id) = await host.RegisterAsync(person.Email!, confirmed: true);
        await using var context = await browser.OpenAsync(new() { JavaScriptEnabled = false });
        var page = await context.NewPageAsync();
        await GoogleAsync(page, person);
        Assert.Equal("You have an account here already", await page.TextContentAsync("h1"));
        await page.GetByRole(AriaRole.Link, new() { Name = "Forgotten your password?" }).ClickAsync();
        await ResetAsync(page, person.Email!);
        await GoogleAsync(page, person);
        await page.GetByLabel("Password of your account here").FillAsync(Second);
        await EnterAsync(page, host.Address + "/account");
        Assert.Equal($"Hello, {username}", await page.TextContentAsync("h1"));
        Assert.Equal(id, await host.LinkedToAsync(person));
    }

    [Fact]
    public async Task A_password_of_the_systems_making_leads_to_a_choice()
    {
        var email = $"{BackChannel.NewName()}@mail.example";
        var made = await host.Client.AskAsync(
            "POST", "/users", await host.Client.AdminTokenAsync(), UsersApi.Json(new { email, name = "User Satu", status = true }));
        made.MustBe(201);
        // The first one is the operator's for everybody on this host; the second never is.
        var issued = await host.Client.AskAsync("POST", $"/users/{made.Data["id"]}/password", await host.Client.AdminTokenAsync());
        issued.MustBe(200);
        var password = issued.Data["generated_password"]!.GetValue<string>();

        await using var context = await browser.OpenAsync(new() { JavaScriptEnabled = false });
        var page = await context.NewPageAsync();
        await page.GotoAsync(host.Address + "/sign-in?return_to=%2Faccount%2Femail");
        await page.FillAsync("#identifier", email);
        await page.FillAsync("#password", password);
        await EnterAsync(page, host.Address + "/sign-in/new-password**");
        await page.FillAsync("#identifier", email);
        await page.FillAsync("#password", password);
        await page.FillAsync("#new_password", Second);
        await EnterAsync(page, host.Address + "/account/email");
        await page.GotoAsync(host.Address + "/account");
        await EndEverywhereAsync(page);
        await SignInAsync(page, email, Second);
    }

    async Task SignUpAndConfirmAsync(IPage page, string name, string email)
    {
        await page.GotoAsync(host.Address + "/sign-in");
        await page.GetByRole(AriaRole.Link, new() { Name = "Sign up" }).ClickAsync();
        await page.FillAsync("#username", name);
        await page.FillAsync("#email", email);
        await page.FillAsync("#password", BackChannel.Password);
        await EnterAsync(page, host.Address + "/account");
        await page.GotoAsync(await LinkAsync(email));
        await page.ClickAsync("main button");
        Assert.Equal(host.Address + "/account?notice=confirmed", page.Url);
        Assert.Equal(0, await page.Locator(".facts .tag").CountAsync());
    }

    async Task SignInAsync(IPage page, string identifier, string password)
    {
        await page.GotoAsync(host.Address + "/sign-in");
        await page.FillAsync("#identifier", identifier);
        await page.FillAsync("#password", password);
        await EnterAsync(page, host.Address + "/account");
    }

    async Task ForgetAsync(IPage page, string email)
    {
        await page.GotoAsync(host.Address + "/sign-in");
        await page.GetByRole(AriaRole.Link, new() { Name = "Forgotten your password?" }).ClickAsync();
        await ResetAsync(page, email);
    }

    async Task ResetAsync(IPage page, string email)
    {
        await page.FillAsync("#email", email);
        await EnterAsync(page, host.Address + "/look-in-mail?for=password");
        await page.GotoAsync(await LinkAsync(email));
        await page.FillAsync("#password", Second);
        await EnterAsync(page, host.Address + "/sign-in?notice=reset");
    }

    async Task GoogleAsync(IPage page, Person person)
    {
        await page.GotoAsync(host.Address + "/sign-in");
        await page.GetByRole(AriaRole.Link, new() { Name = "Continue with Google" }).ClickAsync();
        await ChooseAsync(page, person);
    }

    async Task EndEverywhereAsync(IPage page)
    {
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out everywhere" }).ClickAsync();
        Assert.Equal(host.Address + "/signed-out", page.Url);
    }

    /// <summary>Sends the form that the cursor is in, by the keyboard.</summary>
    static async Task EnterAsync(IPage page, string to)
    {
        await page.Keyboard.PressAsync("Enter");
        await page.WaitForURLAsync(to);
    }

    async Task<string> LinkAsync(string email) => Link().Match(await host.MailToAsync(email)).Value;

    static Task ChooseAsync(IPage page, Person person) => page.GetByRole(AriaRole.Link, new() { Name = person.Label }).ClickAsync();

    [GeneratedRegex(@"https?://\S+", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Link();
}
