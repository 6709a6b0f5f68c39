using System.Net;
using IdentityHost.Tests.Support;
using Microsoft.AspNetCore.WebUtilities;

namespace IdentityHost.Tests.Protocol.Authorize;

/// <summary>The answer as a form that posts itself (OAuth 2.0 Form Post Response Mode), in a browser.</summary>
[Collection(AuthorizeHost.Name)]
public sealed class FormPostTests(AuthorizeHost host, Browser browser) : IClassFixture<Browser>
{
    const string Evil = "\"><svg onload=alert(1)></form><script>alert(2)</script>";

    readonly RelyingParty _app = new(host, AuthorizeHost.Own);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Case(15)]
    public async Task The_form_arrives_with_the_state_as_it_was_sent(bool scripts)
    {
        var (tab, _, _) = await _app.PersonAsync();
        var (page, arrived, context) = await OpenAsync(tab, scripts);
        await using var _ = context;
        var alerts = 0;
        page.Dialog += (_, dialog) =>
        {
            alerts++;
            _ = dialog.DismissAsync();
        };
        await page.GotoAsync(new Uri(host.Nodes[0].Address, _app.Address(("response_mode", "form_post"), ("state", Evil))).ToString());
        if (!scripts)
            await page.ClickAsync("button");
        var form = QueryHelpers.ParseQuery(await arrived.WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.Equal(["code", "iss", "state"], form.Keys.Order(StringComparer.Ordinal));
        Assert.Equal((Evil, HostFixture.Issuer), (form["state"].ToString(), form["iss"].ToString()));
        Assert.Equal(0, alerts);
        await _app.RedeemAsync(host.Client, form["code"]!).GrantedAsync();
    }

    [Fact]
    [Case(15)]
    public async Task The_page_runs_its_own_script_and_no_other()
    {
        var (tab, _, _) = await _app.PersonAsync();
        var nonces = new HashSet<string>();
        for (var node = 0; node < 2; node++)
        {
            using var answer = await host.AskAsync(HttpMethod.Get, node, _app.Address(("response_mode", "form_post"), ("state", Evil)), tab, ("Accept-Language", node == 0 ? "en" : "id"));
            var html = await answer.Content.ReadAsStringAsync();
            Assert.Equal((HttpStatusCode.OK, "no-store"), (answer.StatusCode, answer.Headers.CacheControl!.ToString()));
            Assert.DoesNotContain("<svg", html, StringComparison.Ordinal);
            var policy = answer.Headers.GetValues("Content-Security-Policy").Single();
            Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
            var nonce = html.Split("<script nonce=\"")[1].Split('"')[0];
            Assert.Contains($"script-src 'nonce-{nonce}';", policy, StringComparison.Ordinal);
            Assert.True(nonces.Add(nonce));
            Assert.Contains(node == 0 ? "<html lang=\"en\">" : "<html lang=\"id\">", html, StringComparison.Ordinal);
            Assert.Contains(node == 0 ? "Continue to rp.example" : "Lanjutkan ke rp.example", html, StringComparison.Ordinal);
            Assert.Contains($"action=\"{AuthorizeHost.Callback}\"", html, StringComparison.Ordinal);
        }
        // An error comes by the same way.
        using var refused = await tab.GetAsync(_app.Address(("response_mode", "form_post"), ("scope", "x"), ("state", Evil)));
        var error = await refused.Content.ReadAsStringAsync();
        Assert.Contains("name=\"error\" value=\"invalid_scope\"", error, StringComparison.Ordinal);
        Assert.Contains("onload", WebUtility.HtmlDecode(error), StringComparison.Ordinal);
        Assert.DoesNotContain("<svg", error, StringComparison.Ordinal);
        await host.ShowsErrorPageAsync(_app.Address(("response_mode", "form_post"), ("redirect_uri", "javascript:alert(1)")), tab);
    }

    /// <summary>A browser with the tab's cookies, in which the application answers; and what is posted to it.</summary>
    async Task<(Microsoft.Playwright.IPage Page, Task<string> Arrived, Microsoft.Playwright.IBrowserContext Context)> OpenAsync(Tab tab, bool scripts)
    {
        var context = await browser.OpenAsync(new() { JavaScriptEnabled = scripts, Locale = "en" });
        await context.AddCookiesAsync(host.Nodes.SelectMany(n => tab.Cookies.Select(c => new Microsoft.Playwright.Cookie { Name = c.Key, Value = c.Value, Url = n.Address.ToString() })));
        var arrived = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        await context.RouteAsync("https://rp.example/**", async route =>
        {
            if (route.Request.PostData is { } posted)
                arrived.TrySetResult(posted);
            await route.FulfillAsync(new() { Status = 200, ContentType = "text/html", Body = "<!DOCTYPE html><title>a</title><link rel=icon href=data:,><body>arrived</body>" });
        });
        return (await context.NewPageAsync(), arrived.Task, context);
    }
}
