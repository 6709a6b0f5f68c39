using System.Net.Http.Headers;
using System.Security.Claims;
using System.Text.Json;
using IdentityHost.Tests.Support;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.OAuth;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Playwright;

namespace IdentityHost.Tests.Clients;

/// <summary>ASP.NET Core's own <see cref="OAuthHandler{TOptions}"/>, as a web application uses it, in a browser.</summary>
public sealed class OAuthHandlerTests(LibraryHost host, Browser browser) : IClassFixture<LibraryHost>, IClassFixture<Browser>
{
    [Fact]
    public async Task The_handler_signs_somebody_in()
    {
        await using var app = await StartAsync();
        var username = await host.RegisterAsync();
        await using var context = await browser.OpenAsync(new());
        var page = await context.NewPageAsync();
        await page.GotoAsync($"http://localhost:{host.SpaPort}/me");
        await page.FillAsync("#identifier", username);
        await page.FillAsync("#password", BackChannel.Password);
        await page.ClickAsync("button[type=submit]");
        await page.ClickAsync("button:has-text('Allow')");
        await Assertions.Expect(page.Locator("body")).ToHaveTextAsync($"{username} refreshable");
    }

    async Task<WebApplication> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddAuthentication(options =>
        {
            options.DefaultScheme = CookieAuthenticationDefaults.AuthenticationScheme;
            options.DefaultChallengeScheme = "IdentityHost";
        }).AddCookie().AddOAuth("IdentityHost", options =>
        {
            (options.ClientId, options.ClientSecret) = ("handler", LibraryHost.HandlerSecret);
            options.AuthorizationEndpoint = host.Address + "/connect/authorize";
            options.TokenEndpoint = host.Address + "/connect/token";
            options.UserInformationEndpoint = host.Address + "/connect/userinfo";
            options.CallbackPath = "/signin-identityhost";
            options.CorrelationCookie.SecurePolicy = CookieSecurePolicy.None;
            options.CorrelationCookie.SameSite = SameSiteMode.Lax;
            options.UsePkce = true;
            options.SaveTokens = true;
            foreach (var scope in (string[])["openid", "profile", "offline_access"])
                options.Scope.Add(scope);
            options.ClaimActions.MapJsonKey(ClaimTypes.NameIdentifier, "sub");
            options.ClaimActions.MapJsonKey(ClaimTypes.Name, "preferred_username");
            options.Events.OnCreatingTicket = async created =>
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, options.UserInformationEndpoint);
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", created.AccessToken);
                using var answer = await options.Backchannel.SendAsync(request, created.HttpContext.RequestAborted);
                answer.EnsureSuccessStatusCode();
                using var user = await JsonDocument.ParseAsync(await answer.Content.ReadAsStreamAsync());
                created.RunClaimActions(user.RootElement);
            };
        });
        builder.Services.AddAuthorization();
        var app = builder.Build();
        app.Urls.Add($"http://localhost:{host.SpaPort}");
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapGet("/me", async (HttpContext context) =>
            $"{context.User.Identity!.Name} {(await context.GetTokenAsync("refresh_token") is null ? "" : "refreshable")}").RequireAuthorization();
        await app.StartAsync(TestContext.Current.CancellationToken);
        return app;
    }
}
