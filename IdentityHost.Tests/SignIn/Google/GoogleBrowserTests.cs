using System.Net;
using System.Net.Sockets;
using FakeGoogle;
using IdentityHost.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Playwright;

namespace IdentityHost.Tests.SignIn.Google;

/// <summary>Two nodes behind a balancer that a browser can reach at the issuer's own address.</summary>
public sealed class FrontedGoogleHost(TestPostgres postgres) : GoogleHost(postgres)
{
    WebApplication _front = null!;

    public string Address { get; private set; } = "";

    protected override IEnumerable<KeyValuePair<string, string?>> More => [new("Issuer", Address)];

    public override async ValueTask InitializeAsync()
    {
        // The issuer must be known before the nodes start, and the balancer needs the nodes: the port is the same before and after.
        using (var free = new TcpListener(IPAddress.Loopback, 0))
        {
            free.Start();
            Address = $"http://localhost:{((IPEndPoint)free.LocalEndpoint).Port}";
        }
        await base.InitializeAsync();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseSetting("urls", Address);
        _front = builder.Build();
        _front.Run(ForwardAsync);
        await _front.StartAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        await _front.DisposeAsync();
        await base.DisposeAsync();
    }

    async Task ForwardAsync(HttpContext context)
    {
        var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), $"{Address}{context.Request.Path}{context.Request.QueryString}");
        if (context.Request.ContentType is { } type)
        {
            request.Content = new StreamContent(context.Request.Body);
            request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        }
        foreach (var (name, values) in context.Request.Headers.Where(h => h.Key is not ("Host" or "Connection") && !h.Key.StartsWith("Content-", StringComparison.Ordinal)))
            request.Headers.TryAddWithoutValidation(name, values.ToArray());
        using var answer = await Client.SendAsync(request);
        context.Response.StatusCode = (int)answer.StatusCode;
        foreach (var (name, values) in answer.Headers.Concat(answer.Content.Headers).Where(h => h.Key is not "Transfer-Encoding"))
            context.Response.Headers[name] = values.ToArray();
        await answer.Content.CopyToAsync(context.Response.Body);
    }
}

/// <summary>The whole redirect in Chromium, without a script, each request on the next node.</summary>
public sealed class GoogleBrowserTests(FrontedGoogleHost host, Browser browser) : IClassFixture<FrontedGoogleHost>, IClassFixture<Browser>
{
    [Fact]
    [Case("R34")]
    public async Task Button_leads_to_Google_and_back_to_where_somebody_was_going()
    {
        var person = host.NewPerson(p => p with { Name = "Budi " + BackChannel.NewName() });
        await using var context = await OpenAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync(host.Address + "/account");
        await page.GetByRole(AriaRole.Link, new() { Name = "Continue with Google" }).ClickAsync();
        Assert.StartsWith(host.Google.Address, page.Url, StringComparison.Ordinal);
        await ChooseAsync(page, person);
        Assert.Equal(host.Address + "/account", page.Url);
        Assert.Equal($"Hello, {person.Name}", await page.TextContentAsync("h1"));
        var cookies = await context.CookiesAsync();
        Assert.All(cookies.Where(c => c.Name.StartsWith("identityhost", StringComparison.Ordinal)), c => Assert.True(c.HttpOnly && c.Path == "/" && c.SameSite == SameSiteAttribute.Lax || c.Name.EndsWith("form", StringComparison.Ordinal)));
        Assert.DoesNotContain(cookies, c => c.Name.StartsWith("identityhost-google.", StringComparison.Ordinal));
    }

    [Fact]
    [Case(163)]
    public async Task Steps_of_seed_004_end_at_the_user()
    {
        var person = host.NewPerson();
        await using var context = await OpenAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync(host.Address + "/api/users/auth/google");
        await ChooseAsync(page, person);
        Assert.StartsWith(host.Address + "/users/current?token=ihh_", page.Url, StringComparison.Ordinal);
        Assert.Contains("\"name\":\"Budi Santoso\"", await page.InnerTextAsync("body"), StringComparison.Ordinal);
        await page.ReloadAsync();
        Assert.Contains("\"name\":\"Budi Santoso\"", await page.InnerTextAsync("body"), StringComparison.Ordinal);
        // Another browser with the same address, from a history or a log.
        await using var other = await OpenAsync();
        var stolen = await (await other.NewPageAsync()).GotoAsync(page.Url);
        Assert.Equal(401, stolen!.Status);
    }

    /// <summary>The button at the end posts a form that is answered by a redirect to another origin: a policy with form-action would stop it in Chromium.</summary>
    [Fact]
    [Case(193)]
    public async Task Account_with_the_address_is_linked_by_its_password_and_cancelling_comes_back()
    {
        var person = host.NewPerson(p => p with { Email = $"{BackChannel.NewName()}@mail.example" });
        var (username, _) = await host.RegisterAsync(person.Email!, confirmed: true);
        await using var context = await OpenAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync(host.Address + "/sign-in");
        await page.GetByRole(AriaRole.Link, new() { Name = "Continue with Google" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Cancel" }).ClickAsync();
        Assert.Contains("You did not finish at Google", await page.InnerTextAsync("[role=alert]"), StringComparison.Ordinal);

        await page.GetByRole(AriaRole.Link, new() { Name = "Continue with Google" }).ClickAsync();
        await ChooseAsync(page, person);
        Assert.Equal("You have an account here already", await page.TextContentAsync("h1"));
        await page.GetByLabel("Password of your account here").FillAsync(BackChannel.Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Link and sign in" }).ClickAsync();
        Assert.Equal($"Hello, {username}", await page.TextContentAsync("h1"));
        Assert.Contains("You can sign in with Google", await page.InnerTextAsync("main"), StringComparison.Ordinal);
        await page.GetByRole(AriaRole.Button, new() { Name = "Unlink Google" }).ClickAsync();
        Assert.Equal(0, await host.LinkedToAsync(person));
        await page.GetByRole(AriaRole.Button, new() { Name = "Link Google" }).ClickAsync();
        Assert.StartsWith(host.Google.Address, page.Url, StringComparison.Ordinal);
        await ChooseAsync(page, person);
        Assert.Equal(host.Address + "/account", page.Url);
        Assert.NotEqual(0, await host.LinkedToAsync(person));
    }

    [Fact]
    public async Task No_axe_violation_with_the_button_and_on_the_link_page()
    {
        var person = host.NewPerson(p => p with { Email = $"{BackChannel.NewName()}@mail.example" });
        await host.RegisterAsync(person.Email!, confirmed: true);
        await using var context = await browser.OpenAsync(PageLook.ForAxe);
        var page = await context.NewPageAsync();
        await page.GotoAsync(host.Address + "/sign-in?problem=google_cancelled");
        await page.MustBeSoundAsync("google-sign-in");
        await page.GetByRole(AriaRole.Link, new() { Name = "Continue with Google" }).ClickAsync();
        await ChooseAsync(page, person);
        await page.MustBeSoundAsync("google-link");
        await page.GetByLabel("Password of your account here").FillAsync(BackChannel.Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Link and sign in" }).ClickAsync();
        await page.MustBeSoundAsync("google-account");
    }

    Task<IBrowserContext> OpenAsync() => browser.OpenAsync(new() { JavaScriptEnabled = false });

    static Task ChooseAsync(IPage page, Person person) => page.GetByRole(AriaRole.Link, new() { Name = person.Label }).ClickAsync();
}
