using System.Net;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol.Authorize;

/// <summary>Proof Key for Code Exchange (RFC 7636): S256, for everybody whom the operator has not exempted.</summary>
[Collection(AuthorizeHost.Name)]
public sealed class PkceTests(AuthorizeHost host)
{
    readonly RelyingParty _app = new(host, AuthorizeHost.Own);

    [Theory]
    [InlineData(null, null)]
    [InlineData(null, "S256")]
    [InlineData("", "S256")]
    [Case(37)]
    [InlineData("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", null)]
    [InlineData("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "plain")]
    [InlineData("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "")]
    [InlineData("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "s256")]
    [InlineData("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "S512")]
    [Case(41)]
    [InlineData("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c", "S256")]
    [InlineData("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cMM", "S256")]
    [InlineData("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM", "S256")]
    [InlineData("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c=", "S256")]
    [InlineData("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cé", "S256")]
    [Case(43)]
    public async Task A_request_without_a_good_challenge_is_refused(string? challenge, string? method)
    {
        var native = new RelyingParty(host, AuthorizeHost.Native, secret: null, "com.example.app:/cb");
        foreach (var app in new[] { _app, native })
        {
            var (tab, _, _) = await app.PersonAsync();
            var rows = await host.RowsAsync();
            using var answer = await tab.GetAsync(app.Address(("code_challenge", challenge), ("code_challenge_method", method)));
            var members = RelyingParty.Members(new Uri(answer.Headers.Location!.OriginalString));
            Assert.Equal(("invalid_request", app.State, HostFixture.Issuer), (members["error"], members["state"], members["iss"]));
            Assert.Equal(rows, await host.RowsAsync());
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [Case(38)]
    [Case(39)]
    public async Task Without_its_verifier_a_code_is_worth_nothing(string? verifier)
    {
        var exempt = new RelyingParty(host, AuthorizeHost.Exempt);
        var native = new RelyingParty(host, AuthorizeHost.Native, secret: null, "com.example.app:/cb");
        // One that need not send a challenge and did is held to it.
        foreach (var app in new[] { _app, exempt, native })
        {
            var (tab, _, _) = await app.PersonAsync();
            var code = await app.CodeAsync(tab);
            await app.RedeemAsync(host.Client, code, ("code_verifier", verifier)).RefusedAsync("invalid_grant");
            await app.RedeemAsync(host.Client, code).GrantedAsync();
        }
    }

    [Fact]
    [Case(39)]
    public async Task An_empty_secret_is_none()
    {
        var (tab, _, _) = await _app.PersonAsync();
        var code = await _app.CodeAsync(tab);
        await _app.RedeemAsync(host.Client, code, ("client_secret", ""), ("code_verifier", "")).RefusedAsync(HttpStatusCode.Unauthorized, "invalid_client");
        await host.Client.BasicAsync("own:", ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", AuthorizeHost.Callback), ("code_verifier", _app.Verifier))
            .RefusedAsync(HttpStatusCode.Unauthorized, "invalid_client");
        await _app.RedeemAsync(host.Client, code).GrantedAsync();
    }

    [Fact]
    [Case(40)]
    public async Task A_verifier_without_a_challenge_is_an_error()
    {
        var exempt = new RelyingParty(host, AuthorizeHost.Exempt);
        var (tab, _, _) = await exempt.PersonAsync();
        var code = await exempt.CodeAsync(tab, ("code_challenge", null), ("code_challenge_method", null));
        var rows = await host.RowsAsync();
        await exempt.RedeemAsync(host.Client, code).RefusedAsync("invalid_request");
        Assert.Equal(rows, await host.RowsAsync());
        await exempt.RedeemAsync(host.Client, code, ("code_verifier", null)).GrantedAsync();
    }

    [Fact]
    [Case(42)]
    public async Task A_wrong_verifier_is_refused_and_uses_nothing_up()
    {
        var (tab, _, _) = await _app.PersonAsync();
        var code = await _app.CodeAsync(tab);
        var right = _app.Verifier;
        var rows = await host.RowsAsync();
        var swapped = char.IsAsciiLetterUpper(right.First(char.IsAsciiLetter)) ? right.ToLowerInvariant() : right.ToUpperInvariant();
        foreach (var wrong in new[]
        {
            new string('a', 43), right[..42], right + new string('a', 129 - right.Length), right[..42] + "!", right + "=", swapped, right + "\n", " " + right,
            RelyingParty.Challenge(right), right[..42] + "é", "null",
        })
        {
            await _app.RedeemAsync(host.Nodes[0].Client, code, ("code_verifier", wrong)).RefusedAsync("invalid_grant");
            await _app.RedeemAsync(host.Nodes[1].Client, code, ("code_verifier", wrong)).RefusedAsync("invalid_grant");
        }
        Assert.Equal(rows, await host.RowsAsync());
        await _app.RedeemAsync(host.Client, code).GrantedAsync();
    }

    [Fact]
    [Case(42)]
    public async Task Verifiers_of_every_length_and_character_that_there_may_be_work()
    {
        var (tab, _, _) = await _app.PersonAsync();
        foreach (var verifier in new[] { new string('~', 43), "-._~" + new string('Z', 124) })
        {
            var code = await _app.CodeAsync(tab, ("code_challenge", RelyingParty.Challenge(verifier)));
            await _app.RedeemAsync(host.Client, code, ("code_verifier", verifier)).GrantedAsync();
        }
    }

    [Theory]
    [InlineData("/.well-known/openid-configuration")]
    [InlineData("/.well-known/oauth-authorization-server")]
    [Case(44)]
    public async Task Discovery_knows_S256_alone(string path)
    {
        foreach (var node in host.Nodes)
        {
            using var answer = await node.Client.GetAsync(path);
            Assert.Equal("[\"S256\"]", (await answer.JsonAsync())["code_challenge_methods_supported"]!.ToJsonString());
        }
    }
}
