using System.Net;
using IdentityHost.Protocol.Authorize;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol.Authorize;

/// <summary>A browser is sent to addresses that are registered, character by character, and nowhere else: everything else is a page of this host.</summary>
[Collection(AuthorizeHost.Name)]
public sealed class RedirectUriTests(AuthorizeHost host)
{
    [Theory]
    [InlineData("https://rp.example.evil.com/cb")]
    [InlineData("https://evil.com/?https://rp.example/cb")]
    [InlineData("https://evil.com/https://rp.example/cb")]
    [Case(26)]
    [InlineData("https://rp.example@evil.com/cb")]
    [InlineData("http://localhost:80@evil.com")]
    [InlineData("https://rp.example:443@evil.com/cb")]
    [Case(27)]
    [InlineData("https://rp.example/cb/../x")]
    [InlineData("https://rp.example/cb/..%2fx")]
    [InlineData("https://rp.example/cb/%252e%252e")]
    [InlineData("https://rp.example/cb/..;/x")]
    [InlineData("https://rp.example/./cb")]
    [Case(28)]
    [InlineData("https://rp.example/cb/")]
    [InlineData("https://rp.example/cb/x")]
    [InlineData("https://rp.example/cb?x=1")]
    [InlineData("https://rp.example/cb?")]
    [InlineData("https://rp.example/cb?tenant=1&x=2")]
    [InlineData("https://rp.example/cb?x=2&tenant=1")]
    [Case(29)]
    [InlineData("HTTPS://RP.EXAMPLE/cb")]
    [InlineData("https://rp.example/CB")]
    [InlineData("https://rp.example:443/cb")]
    [InlineData("http://rp.example/cb")]
    [InlineData("https://rp.example./cb")]
    [Case(30)]
    [InlineData("https://rpXexample/cb")]
    [InlineData("https://*.rp.example")]
    [InlineData("https://a.rp.example/cb")]
    [Case(31)]
    [InlineData("https://rp.example/cb#")]
    [InlineData("https://rp.example/cb#x")]
    [InlineData("https://rp.example/\tcb")]
    [InlineData("https://rp.example/cb\n")]
    [InlineData("https:\\\\rp.example\\cb")]
    [InlineData("/\t//evil.com")]
    [InlineData("//rp.example/cb")]
    [InlineData(" https://rp.example/cb")]
    [InlineData("javascript:alert(1)")]
    [Case(33)]
    public async Task Anything_but_the_registered_text_is_refused_by_a_page(string redirect)
    {
        foreach (var client in new[] { AuthorizeHost.Web, AuthorizeHost.Own })
        {
            var app = new RelyingParty(host, client);
            await host.ShowsErrorPageAsync(app.Address(("redirect_uri", redirect)));
            await host.ShowsErrorPageAsync(app.Address(("redirect_uri", redirect), ("prompt", "none")));
        }
    }

    [Theory]
    [InlineData("http://127.0.0.1/cb", true)]
    [InlineData("http://127.0.0.1:51234/cb", true)]
    [InlineData("http://127.0.0.1:65535/cb", true)]
    [InlineData("com.example.app:/cb", true)]
    [InlineData("http://127.0.0.1:51234/evil", false)]
    [InlineData("http://localhost:51234/cb", false)]
    [InlineData("http://127.0.0.1.evil.com/cb", false)]
    [InlineData("http://127.0.0.1.evil.com:51234/cb", false)]
    [InlineData("http://[::1]:51234/cb", false)]
    [InlineData("http://127.0.0.1:80@evil.com/cb", false)]
    [InlineData("http://127.0.0.1:80:90/cb", false)]
    [InlineData("http://127.0.0.1:/cb", false)]
    [InlineData("http://127.0.0.1:0/cb", false)]
    [InlineData("http://127.0.0.1:080/cb", false)]
    [InlineData("http://127.0.0.1:65536/cb", false)]
    [InlineData("http://127.0.0.1:99999/cb", false)]
    [InlineData("http://127.0.0.1:+80/cb", false)]
    [InlineData("http://127.0.0.1:٨٠/cb", false)]
    [InlineData("http://127.0.0.1?:80/cb", false)]
    [InlineData("http://127.0.0.1#:80/cb", false)]
    [InlineData("http://127.1/cb", false)]
    [InlineData("http://2130706433/cb", false)]
    [InlineData("https://127.0.0.1:51234/cb", false)]
    [InlineData("com.example.app://cb", false)]
    [InlineData("com.example.app:/cb:80", false)]
    [Case(32)]
    public async Task A_native_application_may_choose_the_port_of_a_loopback_address_and_no_more(string redirect, bool accepted)
    {
        var app = new RelyingParty(host, AuthorizeHost.Native, secret: null, redirect);
        if (!accepted)
        {
            await host.ShowsErrorPageAsync(app.Address());
            await host.ShowsErrorPageAsync(app.Address(("response_mode", "form_post"), ("prompt", "none")));
            return;
        }
        var (tab, _, _) = await app.PersonAsync();
        var code = await app.CodeAsync(tab);
        using var answer = await app.RedeemAsync(host.Client, code);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    [Case(35)]
    public async Task Left_out_it_is_the_only_one_registered_and_never_with_openid()
    {
        await host.ShowsErrorPageAsync(new RelyingParty(host, AuthorizeHost.Web).Address(("redirect_uri", null), ("scope", "users:self")));
        await host.ShowsErrorPageAsync(new RelyingParty(host, AuthorizeHost.Own).Address(("redirect_uri", null)));
        await host.ShowsErrorPageAsync(new RelyingParty(host, AuthorizeHost.Own).Address(("redirect_uri", "")));

        var plain = new RelyingParty(host, AuthorizeHost.Plain);
        var (tab, _, _) = await plain.PersonAsync();
        // What was not said need not be said again (RFC 6749 §4.1.3), and what is said must be right.
        var code = await plain.CodeAsync(tab, ("redirect_uri", null), ("scope", "users:self"));
        await plain.RedeemAsync(host.Client, code, ("redirect_uri", "https://rp.example/other")).RefusedAsync("invalid_grant");
        Assert.Equal("users:self", (await plain.RedeemAsync(host.Client, code, ("redirect_uri", null)).GrantedAsync())["scope"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("https://*.rp.example/cb")]
    [InlineData("https://rp.example/*")]
    [Case(31)]
    [InlineData("https://rp.example/cb#x")]
    [InlineData("https://rp.example/cb#")]
    [InlineData("https://rp.example/\tcb")]
    [InlineData("https://rp.example/cb\n")]
    [InlineData("https:\\\\rp.example\\cb")]
    [InlineData("/cb")]
    [InlineData("//rp.example/cb")]
    [InlineData("https://rp.example/a/../cb")]
    [InlineData("https://rp.example/a/%2e%2e/cb")]
    [InlineData("https://rp.example/a/..;/cb")]
    [InlineData("https://rp.example@evil.com/cb")]
    [Case(33)]
    [InlineData("javascript:alert(1)")]
    [InlineData("data:text/html,x")]
    [InlineData("vbscript:x")]
    [InlineData("http://rp.example/cb")]
    [InlineData("myapp:/cb")]
    [InlineData("HTTPS://rp.example/cb")]
    [InlineData("")]
    [Case(34)]
    public void An_address_that_could_lead_elsewhere_cannot_be_registered(string uri) => Assert.NotNull(RedirectUriRules.Fault(uri));

    [Theory]
    [InlineData("https://rp.example/cb")]
    [InlineData("https://rp.example:8443/cb?tenant=1")]
    [InlineData("http://127.0.0.1/cb")]
    [InlineData("http://[::1]:3000/cb")]
    [InlineData("http://localhost:3000/")]
    [InlineData("com.example.app:/cb")]
    public void An_ordinary_address_can(string uri) => Assert.Null(RedirectUriRules.Fault(uri));
}
