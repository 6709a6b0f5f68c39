using System.Net;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Pages;

/// <summary>Every page that asks for a password answers a block alike: they are one door.</summary>
[Collection(SharedHost.Name)]
public sealed class RefusalPageTests(HostFixture host)
{
    const string Chosen = "seven bright stones";

    [Theory]
    [InlineData("/sign-in")]
    [InlineData("/sign-in/new-password")]
    [InlineData("/account/password")]
    public async Task A_block_is_429_with_the_seconds_to_wait_on_every_page(string first)
    {
        var (username, _) = await host.Client.RegisterAsync();
        var tab = new Tab(host);
        (await tab.SignInAsync(username, BackChannel.Password)).Dispose();
        for (var i = 0; i < 5; i++)
        {
            using var wrong = await PostAsync(tab, first, username, "wrong password");
            Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
            Assert.Null(wrong.Headers.RetryAfter);
        }
        foreach (var page in new[] { "/sign-in", "/sign-in/new-password", "/account/password" })
        {
            using var blocked = await PostAsync(tab, page, username, BackChannel.Password);
            Assert.Equal(HttpStatusCode.TooManyRequests, blocked.StatusCode);
            var wait = blocked.Headers.RetryAfter!.Delta!.Value;
            Assert.InRange(wait, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30));
            var text = WebUtility.HtmlDecode(await blocked.Content.ReadAsStringAsync());
            Assert.Contains($" {wait.TotalSeconds:0} ", text, StringComparison.Ordinal);
            Assert.Contains("role=\"alert\"", text, StringComparison.Ordinal);
        }
    }

    static Task<HttpResponseMessage> PostAsync(Tab tab, string page, string username, string password) => page == "/sign-in"
        ? tab.PostSignInAsync(username, password)
        : tab.PostAsync(page, page, ("identifier", username), ("password", password), ("new_password", Chosen));
}
