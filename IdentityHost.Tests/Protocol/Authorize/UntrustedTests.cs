using System.Net;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol.Authorize;

/// <summary>
/// An application that anybody may have registered: a link to this host must not lead to an address of its maker's before the person has seen where
/// it goes and agreed (RFC 9700 §4.11.2).
/// </summary>
[Collection(AuthorizeHost.Name)]
public sealed class UntrustedTests(AuthorizeHost host)
{
    const string Name = "<b>Bank</b> \"of\" trust";

    [Fact]
    [Case(24)]
    public async Task Nobody_is_sent_to_it_by_a_link_alone()
    {
        var app = await RelyingParty.RegisteredAsync(host, Name);
        var (tab, _, id) = await app.PersonAsync();
        foreach (var (change, value) in new[] { ("scope", "nobody:knows"), ("prompt", "none"), ("response_type", "token"), ("code_challenge", null), ("response_mode", "x"), ("request", "x") })
        {
            foreach (var who in new[] { tab, null })
            {
                var path = app.Address((change, value));
                await host.ShowsErrorPageAsync(path, who);
                // The person may go there, by a link whose host they read.
                using var page = await host.AskAsync(HttpMethod.Get, 0, path, who);
                var text = WebUtility.HtmlDecode(await page.Content.ReadAsStringAsync());
                Assert.Contains("rp.example", text, StringComparison.Ordinal);
                Assert.Contains($"href=\"{AuthorizeHost.Callback}?error=", text, StringComparison.Ordinal);
            }
        }
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM authorization_codes WHERE user_id = $1", id));
    }

    [Fact]
    [Case(24)]
    public async Task The_person_is_asked_first_and_sees_the_escaped_name_and_the_host()
    {
        var app = await RelyingParty.RegisteredAsync(host, Name);
        var (tab, _, _) = await app.PersonAsync();
        var (page, request) = await tab.AskedAsync(app.Address());
        using (var shown = await tab.GetAsync(page))
        {
            var html = await shown.Content.ReadAsStringAsync();
            Assert.DoesNotContain("<b>Bank", html, StringComparison.Ordinal);
            Assert.Contains(Name, WebUtility.HtmlDecode(html), StringComparison.Ordinal);
            Assert.Contains("<strong>rp.example</strong>", html, StringComparison.Ordinal);
            Assert.Contains("class=\"problem\"", html, StringComparison.Ordinal);
        }
        // Saying no leads to no address of theirs either.
        using (var denied = await tab.PostAsync("/consent?handler=Deny", page, ("id", request)))
        using (var answer = await tab.GetAsync(denied.Headers.Location!.OriginalString))
            await AuthorizeAnswers.IsErrorPageAsync(answer);

        // Saying yes does, and from then on it is an application like others.
        await app.CodeAsync(tab);
        await app.CodeAsync(tab, ("prompt", "none"));
        using var refused = await tab.GetAsync(app.Address(("prompt", "none"), ("scope", "openid users:self")));
        AuthorizeAnswers.IsError(refused, "consent_required", app.State);
    }
}
