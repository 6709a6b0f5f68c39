using IdentityHost.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Logging;
using Microsoft.Playwright;

namespace IdentityHost.Tests.Clients;

/// <summary>Apps that live in a browser, in real Chromium: npm <c>oidc-client-ts</c>, unmodified, and our own sample.</summary>
public sealed class SinglePageAppTests(LibraryHost host, Browser browser) : IClassFixture<LibraryHost>, IClassFixture<Browser>
{
    [Fact]
    public async Task Oidc_client_ts_signs_in_refreshes_and_signs_out()
    {
        await Npm.InstallAsync();
        await using var files = await ServeAsync(Path.Combine(Npm.Folder, "node_modules/oidc-client-ts/dist/browser"), Path.Combine(Npm.Folder, "oidc-client-ts.html"));
        var (page, username) = await OpenAsync();
        await page.GotoAsync($"http://localhost:{host.SpaPort}/#issuer={host.Address}");
        await Shows(page, "signed out");

        await page.ClickAsync("#sign-in");
        await SignInAsync(page, username);
        await Shows(page, $"signed in: {await IdAsync(username)} {username} refreshable");
        await page.ClickAsync("#refresh");
        await Shows(page, $"refreshed: {await IdAsync(username)} {username} refreshable");
        await page.ClickAsync("#sign-out");
        await Shows(page, "signed out");
        await page.ClickAsync("#sign-in");
        // The session here has ended too: the person has to sign in again.
        await page.WaitForURLAsync($"{host.Address}/sign-in*");
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task The_sample_signs_in_calls_refreshes_and_signs_out()
    {
        await using var files = await ServeAsync(Path.Combine(Repository.Root, "samples/spa"), Path.Combine(Repository.Root, "samples/spa/index.html"));
        var (page, username) = await OpenAsync();
        var id = await IdAsync(username);
        await page.AddInitScriptAsync($"if (location.port === '{host.SpaPort}') sessionStorage.setItem('issuer', '{host.Address}')");
        await page.GotoAsync($"http://localhost:{host.SpaPort}/");
        await page.ClickAsync("#sign-in");
        await SignInAsync(page, username);
        await Assertions.Expect(page.Locator("#state")).ToHaveTextAsync($"Signed in as {id}");
        // Nothing of the answer stays in the address or the history.
        Assert.Equal($"http://localhost:{host.SpaPort}/", page.Url);
        await page.ClickAsync("#call");
        await Assertions.Expect(page.Locator("#answer")).ToContainTextAsync($"\"preferred_username\": \"{username}\"");
        await page.ClickAsync("#refresh");
        await Shows(page, "Refreshed");
        await page.ClickAsync("#sign-out");
        await Assertions.Expect(page.Locator("#state")).ToHaveTextAsync("Signed out");
        await page.Context.CloseAsync();
    }

    /// <summary>The form of the reference, with the code flow on this host itself.</summary>
    [Fact]
    public async Task The_reference_tries_the_code_flow()
    {
        var (page, username) = await OpenAsync();
        await page.GotoAsync($"{host.Address}/docs");
        await page.ClickAsync("button[value=code]");
        await SignInAsync(page, username);
        await Assertions.Expect(page.Locator("#try-answer")).ToContainTextAsync("\"id_token\"");
        Assert.Equal($"{host.Address}/docs", page.Url);
        Assert.Equal(0, await page.EvaluateAsync<int>("localStorage.length + sessionStorage.length"));
        await page.ClickAsync("button[value=current]");
        await Assertions.Expect(page.Locator("#try-answer")).ToContainTextAsync(username);
        await page.Context.CloseAsync();
    }

    static Task Shows(IPage page, string text) => Assertions.Expect(page.Locator("#answer")).ToHaveTextAsync(text);

    async Task<(IPage Page, string Username)> OpenAsync() => (await (await browser.OpenAsync(new())).NewPageAsync(), await host.RegisterAsync());

    async Task<long> IdAsync(string username) => await host.ScalarAsync<long>("SELECT id FROM users WHERE user_name = $1", username);

    static async Task SignInAsync(IPage page, string username)
    {
        await page.FillAsync("#identifier", username);
        await page.FillAsync("#password", BackChannel.Password);
        await page.ClickAsync("button[type=submit]");
        await page.ClickAsync("button:has-text('Allow')");
    }

    async Task<WebApplication> ServeAsync(string folder, string index)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Urls.Add($"http://localhost:{host.SpaPort}");
        app.UseStaticFiles(new StaticFileOptions { FileProvider = new PhysicalFileProvider(folder) });
        app.MapGet("/", () => Microsoft.AspNetCore.Http.Results.File(index, "text/html"));
        await app.StartAsync(TestContext.Current.CancellationToken);
        return app;
    }
}
