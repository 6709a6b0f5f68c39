using System.Net;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Pages;

/// <summary>People change by a page what applications may be told about them.</summary>
[Collection(SharedHost.Name)]
public sealed class OwnDetailsTests(HostFixture host)
{
    const string Page = "/account/profile";
    const string State = "SELECT concat_ws('|', coalesce(name, '-'), coalesce(phone_number, '-'), coalesce(address, '-'), version) FROM users WHERE id = $1";

    [Fact]
    public async Task Details_are_saved_shown_and_taken_away_again()
    {
        var (id, tab) = await SignedInAsync();
        using (var saved = await PostAsync(tab, " Budi Santoso ", "+62 (21) 555-1234", "Jalan Merdeka 1\r\nJakarta\r\n"))
        {
            Assert.Equal(HttpStatusCode.SeeOther, saved.StatusCode);
            Assert.EndsWith("/account?notice=profile", saved.Headers.Location!.ToString(), StringComparison.Ordinal);
        }
        Assert.Equal("Budi Santoso|+62 (21) 555-1234|Jalan Merdeka 1\nJakarta|2", await host.ScalarAsync<string>(State, id));
        var shown = await tab.TextAsync(Page);
        Assert.Contains("value=\"Budi Santoso\"", shown, StringComparison.Ordinal);
        Assert.Contains("Jalan Merdeka 1\nJakarta</textarea>", shown, StringComparison.Ordinal);
        Assert.Contains("Your details are saved.", await tab.TextAsync("/account?notice=profile"), StringComparison.Ordinal);
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE subject_id = $1 AND actor_id = $1 AND kind = 'user_updated'", id));

        // The same again changes nothing, so nobody's ETag goes stale.
        using (await PostAsync(tab, "Budi Santoso", "+62 (21) 555-1234", "Jalan Merdeka 1\nJakarta"))
            Assert.EndsWith("|2", await host.ScalarAsync<string>(State, id), StringComparison.Ordinal);
        using (await PostAsync(tab, "", " ", ""))
            Assert.Equal("-|-|-|3", await host.ScalarAsync<string>(State, id));
    }

    [Theory]
    [InlineData("name", "a\u0007b", "", "")]
    [InlineData("phone_number", "", "call me", "")]
    [InlineData("phone_number", "", "1234", "")]
    [InlineData("phone_number", "", "12345+6", "")]
    [InlineData("phone_number", "", "123456789012345678901234567890123", "")]
    [InlineData("address", "", "", "a\tb")]
    public async Task Refused_detail_is_named_and_nothing_is_saved(string field, string name, string phone, string address)
    {
        var (id, tab) = await SignedInAsync();
        using var refused = await PostAsync(tab, name, phone, address);
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Contains($"id=\"{field}-flaw\"", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal("-|-|-|1", await host.ScalarAsync<string>(State, id));
    }

    [Fact]
    public async Task Too_long_an_address_is_refused_and_markup_is_shown_as_text()
    {
        var (id, tab) = await SignedInAsync();
        using (var refused = await PostAsync(tab, "", "", new string('a', 501)))
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        using (var saved = await PostAsync(tab, "<b>x</b>", "", "</textarea><script>"))
            Assert.Equal(HttpStatusCode.SeeOther, saved.StatusCode);
        using var page = await tab.GetAsync(Page);
        var html = await page.Content.ReadAsStringAsync();
        Assert.DoesNotContain("<script>", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<b>x", html, StringComparison.Ordinal);
        Assert.Equal("<b>x</b>|-|</textarea><script>|2", await host.ScalarAsync<string>(State, id));
    }

    [Fact]
    public async Task Without_a_session_or_the_form_s_token_nothing_is_saved()
    {
        using (var refused = await new Tab(host).GetAsync(Page))
            Assert.Equal(HttpStatusCode.SeeOther, refused.StatusCode);
        var (id, tab) = await SignedInAsync();
        using var forged = await tab.SendAsync(HttpMethod.Post, Page, [("name", "Mallory"), ("phone_number", ""), ("address", "")]);
        Assert.Equal(HttpStatusCode.BadRequest, forged.StatusCode);
        Assert.Equal("-|-|-|1", await host.ScalarAsync<string>(State, id));
    }

    static Task<HttpResponseMessage> PostAsync(Tab tab, string name, string phone, string address) =>
        tab.PostAsync(Page, Page, ("name", name), ("phone_number", phone), ("address", address));

    async Task<(long Id, Tab Tab)> SignedInAsync()
    {
        var (username, id) = await host.Client.RegisterAsync();
        var tab = new Tab(host);
        using var signIn = await tab.SignInAsync(username, BackChannel.Password);
        Assert.Equal(HttpStatusCode.SeeOther, signIn.StatusCode);
        return (id, tab);
    }
}
