using System.Net;
using System.Net.Sockets;
using IdentityHost.Tests.Protocol.Logout;
using IdentityHost.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Playwright;

namespace IdentityHost.Tests.Pages;

/// <summary>A node that a browser reaches at the issuer's own address, and an application at another site than localhost.</summary>
public sealed class SignOutHost(TestPostgres postgres) : HostFixture(postgres)
{
    WebApplication _site = null!;

    public string Address { get; } = FreeAddress();

    public string Site => _site.Urls.First() + "/";

    public string After => Site + "after";

    protected override int NodeCount => 1;

    protected override IEnumerable<KeyValuePair<string, string?>> Settings =>
    [
        .. LogoutHost.Declare("quick", 2, receiver: null),
        new("Applications:2:PostLogoutRedirectUris:2", After),
        new("Issuer", Address),
        new("urls", Address),
    ];

    public override async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _site = builder.Build();
        _site.MapGet("/", () => Results.Content(
            $"""
            <!DOCTYPE html>
            <title>Another site</title>
            <img src="{Address}/connect/logout?client_id=quick" alt="">
            <form method="post" action="{Address}/connect/logout">
              <input name="client_id" value="quick"><input name="post_logout_redirect_uri" value="{After}"><input name="state" value="s">
              <button>Leave</button>
            </form>
            """,
            "text/html"));
        _site.MapGet("/after", () => Results.Content("<!DOCTYPE html><title>Back</title>", "text/html"));
        await _site.StartAsync();
        await base.InitializeAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await _site.DisposeAsync();
    }

    static string FreeAddress()
    {
        using var free = new TcpListener(IPAddress.Loopback, 0);
        free.Start();
        return $"http://localhost:{((IPEndPoint)free.LocalEndpoint).Port}";
    }
}

/// <summary>Signing out in Chromium from the page of another site, whose requests come without our cookie.</summary>
public sealed class SignOutBrowserTests(SignOutHost host, Browser browser) : IClassFixture<SignOutHost>, IClassFixture<Browser>
{
    [Fact]
    [Case(118)]
    public async Task Image_of_another_site_ends_nothing_and_its_form_asks_first_and_returns()
    {
        await using var context = await browser.OpenAsync(new() { BaseURL = host.Address, JavaScriptEnabled = false });
        var (page, id) = await SignedInAsync(context);
        await page.GotoAsync(host.Site);
        Assert.Equal(1, await LiveAsync(id));

        await page.GetByRole(AriaRole.Button, new() { Name = "Leave" }).ClickAsync();
        Assert.StartsWith(host.Address + "/sign-out", page.Url, StringComparison.Ordinal);
        Assert.Equal("Do you want to sign out?", await page.TextContentAsync("h1"));
        Assert.Contains("The quick <one> asks to end this session", await page.TextContentAsync(".lead"), StringComparison.Ordinal);
        Assert.Equal(1, await LiveAsync(id));

        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        Assert.Equal(host.After + "?state=s", page.Url);
        Assert.Equal(0, await LiveAsync(id));
        Assert.DoesNotContain(await context.CookiesAsync(), c => c.Name == "identityhost");
    }

    async Task<(IPage Page, long Id)> SignedInAsync(IBrowserContext context)
    {
        var (username, id) = await host.Client.RegisterAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync("/sign-in");
        await page.FillAsync("input[name=identifier]", username);
        await page.FillAsync("input[name=password]", BackChannel.Password);
        await page.Locator("main form button[type=submit]").First.ClickAsync();
        Assert.Equal(host.Address + "/account", page.Url);
        return (page, id);
    }

    async Task<long> LiveAsync(long id) =>
        await host.ScalarAsync<long>("SELECT count(*) FROM sessions WHERE user_id = $1 AND last_seen_at IS NOT NULL AND ended_at IS NULL", id);
}
