using System.Net;
using System.Text.Json.Nodes;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol.Authorize;

/// <summary>Authorization codes: short-lived, used once, of one application, one request and one address.</summary>
[Collection(AuthorizeHost.Name)]
public sealed class CodeTests(AuthorizeHost host)
{
    const string Scope = "openid offline_access users:self";

    readonly RelyingParty _app = new(host, AuthorizeHost.Own);

    [Fact]
    [Case(25)]
    [Case(58)]
    public async Task It_works_for_a_minute_and_every_code_that_does_not_is_answered_alike()
    {
        var (tab, _, _) = await _app.PersonAsync();
        var foreign = await new RelyingParty(host, AuthorizeHost.Exempt).CodeAsync(tab);
        var expired = await _app.CodeAsync(tab);
        await host.Clock.SetAsync(TimeSpan.FromSeconds(61));
        try
        {
            var answers = new HashSet<string>();
            foreach (var code in new[] { expired, foreign, "ih_ac_" + new string('A', 86), "x", new string('é', 3000), expired[..^1], expired + "A" })
            {
                var body = await _app.RedeemAsync(host.Client, code).RefusedAsync("invalid_grant");
                answers.Add(body.ToJsonString());
            }
            Assert.Single(answers);
        }
        finally
        {
            await host.Clock.SetAsync(TimeSpan.Zero);
        }
    }

    [Fact]
    [Case(36)]
    [Case(49)]
    public async Task A_stranger_or_a_wrong_address_gets_nothing_and_uses_nothing_up()
    {
        var (tab, _, _) = await _app.PersonAsync();
        var code = await _app.CodeAsync(tab);
        var (other, web) = (new RelyingParty(host, AuthorizeHost.Exempt), new RelyingParty(host, AuthorizeHost.Web));
        var rows = await host.RowsAsync();
        foreach (var stranger in new[] { other, web })
            await stranger.RedeemAsync(host.Client, code, ("code_verifier", _app.Verifier)).RefusedAsync("invalid_grant");
        foreach (var address in new[] { "https://rp.example/other", AuthorizeHost.Callback + "/", null, "" })
            await _app.RedeemAsync(host.Client, code, ("redirect_uri", address)).RefusedAsync("invalid_grant");
        await _app.RedeemAsync(host.Client, code, ("client_secret", "wrong-secret-of-more-than-32-characters!")).RefusedAsync(HttpStatusCode.Unauthorized, "invalid_client");
        Assert.Equal(rows, await host.RowsAsync());
        await _app.RedeemAsync(host.Client, code).GrantedAsync();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(30)]
    [Case(50)]
    public async Task A_replay_ends_what_the_first_use_bought(int seconds)
    {
        var (tab, _, id) = await _app.PersonAsync();
        var code = await _app.CodeAsync(tab, ("scope", Scope));
        var tokens = (await _app.RedeemAsync(host.Nodes[0].Client, code).GrantedAsync()).AsObject();
        var (refreshed, bystander) = (await RefreshAsync(tokens), await new RelyingParty(host, AuthorizeHost.Own).TokensAsync(tab, ("scope", Scope)));
        await host.Clock.SetAsync(TimeSpan.FromSeconds(seconds));
        try
        {
            await _app.RedeemAsync(host.Nodes[1].Client, code).RefusedAsync("invalid_grant");
            await host.IsDeadAsync(tokens, AuthorizeHost.Own);
            await host.IsDeadAsync(refreshed, AuthorizeHost.Own);
        }
        finally
        {
            await host.Clock.SetAsync(TimeSpan.Zero);
        }
        // Once more changes nothing, and what the person did otherwise lives.
        await _app.RedeemAsync(host.Nodes[0].Client, code).RefusedAsync("invalid_grant");
        Assert.Equal(2, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE kind = 'code_replayed' AND subject_id = $1 AND client_id = 'own'", id));
        Assert.Equal(1, await host.LiveGrantsAsync(id));
        await RefreshAsync(bystander);
    }

    [Fact]
    [Case(51)]
    public async Task A_replay_without_every_proof_ends_nothing()
    {
        var (tab, _, id) = await _app.PersonAsync();
        var code = await _app.CodeAsync(tab, ("scope", Scope));
        var tokens = (await _app.RedeemAsync(host.Client, code).GrantedAsync()).AsObject();
        var rows = await host.RowsAsync();
        foreach (var verifier in new[] { new string('a', 43), null, "x" })
            await _app.RedeemAsync(host.Client, code, ("code_verifier", verifier)).RefusedAsync("invalid_grant");
        await _app.RedeemAsync(host.Client, code, ("redirect_uri", "https://rp.example/other")).RefusedAsync("invalid_grant");
        await _app.RedeemAsync(host.Client, code, ("client_secret", "wrong-secret-of-more-than-32-characters!")).RefusedAsync(HttpStatusCode.Unauthorized, "invalid_client");
        await new RelyingParty(host, AuthorizeHost.Exempt).RedeemAsync(host.Client, code, ("code_verifier", _app.Verifier)).RefusedAsync("invalid_grant");
        Assert.Equal(rows, await host.RowsAsync());
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE kind = 'code_replayed' AND subject_id = $1", id));
        await RefreshAsync(tokens);
    }

    [Fact]
    [Case(53)]
    public async Task Nothing_else_is_a_code_and_a_code_is_nothing_else()
    {
        var (tab, username, _) = await _app.PersonAsync();
        var tokens = await _app.TokensAsync(tab, ("scope", Scope));
        var returnTo = await new Tab(host).BegunAsync(_app.Address());
        var link = await host.ForgetAsync($"{username}@example.com");
        var code = await _app.CodeAsync(tab);
        foreach (var wrong in new[]
        {
            Text(tokens, "refresh_token"), Text(tokens, "access_token"), Text(tokens, "id_token"), returnTo.Split('/')[^1], Mails.TokenOf(link),
            "ih_ac_" + Text(tokens, "refresh_token")["ih_rt_".Length..],
        })
            await _app.RedeemAsync(host.Client, wrong).RefusedAsync("invalid_grant");

        foreach (var refresh in new[] { code, "ih_rt_" + code["ih_ac_".Length..] })
            await host.Client.BasicAsync($"own:{AuthorizeHost.Secret}", ("grant_type", "refresh_token"), ("refresh_token", refresh)).RefusedAsync("invalid_grant");
        using (var me = await host.Client.GetAsync("/users/current", code))
            Assert.Equal(HttpStatusCode.Unauthorized, me.StatusCode);
        using (var reset = await new Tab(host).PostAsync("/reset-password", link, ("token", code), ("password", "seven bright stones")))
            Assert.Equal(HttpStatusCode.BadRequest, reset.StatusCode);
        await _app.RedeemAsync(host.Client, code).GrantedAsync();
    }

    [Fact]
    [Case(54)]
    public async Task Cut_extended_or_changed_it_is_refused()
    {
        var (tab, _, _) = await _app.PersonAsync();
        var code = await _app.CodeAsync(tab);
        var rows = await host.RowsAsync();
        var wrong = Enumerable.Range(0, code.Length).Select(i => code[..i] + (char)(code[i] ^ 1) + code[(i + 1)..])
            .Concat([code[..^1], code[1..], code + "A", code + "=", code + " ", " " + code, code.ToUpperInvariant(), code + code]);
        foreach (var text in wrong)
            await _app.RedeemAsync(host.Client, text).RefusedAsync("invalid_grant");
        // A refresh token is read in the same way.
        foreach (var text in new[] { "ih_rt_" + new string(',', code.Length - 6), "ih_rt_" + new string('é', code.Length - 6), code.Replace("ih_ac_", "ih_rt_", StringComparison.Ordinal) + "  " })
            await host.Client.BasicAsync($"own:{AuthorizeHost.Secret}", ("grant_type", "refresh_token"), ("refresh_token", text)).RefusedAsync("invalid_grant");
        Assert.Equal(rows, await host.RowsAsync());
        await _app.RedeemAsync(host.Client, code).GrantedAsync();
    }

    [Fact]
    public async Task A_resource_that_was_not_asked_for_uses_nothing_up()
    {
        var (tab, _, _) = await _app.PersonAsync();
        var code = await _app.CodeAsync(tab, ("scope", Scope + " api.read"), ("resource", "https://api.example.com"));
        var rows = await host.RowsAsync();
        foreach (var resource in new[] { HostFixture.Issuer, "https://other.example" })
            await _app.RedeemAsync(host.Client, code, ("resource", resource)).RefusedAsync("invalid_target");
        Assert.Equal(rows, await host.RowsAsync());
        var tokens = await _app.RedeemAsync(host.Client, code, ("resource", "https://api.example.com")).GrantedAsync();
        // Nor does a refresh move on by it: the token that was presented goes on working.
        var refresh = ("refresh_token", Text(tokens, "refresh_token"));
        await host.Client.BasicAsync($"own:{AuthorizeHost.Secret}", ("grant_type", "refresh_token"), refresh, ("resource", HostFixture.Issuer)).RefusedAsync("invalid_target");
        Assert.Equal(0, await host.ScalarAsync<int>("SELECT generation FROM grants ORDER BY created_at DESC LIMIT 1"));
        await host.Client.BasicAsync($"own:{AuthorizeHost.Secret}", ("grant_type", "refresh_token"), refresh, ("resource", "https://api.example.com")).GrantedAsync();
    }

    [Fact]
    [Case(57)]
    public async Task Whatever_comes_in_the_answer_is_clean_and_kept_nowhere()
    {
        foreach (var code in new[] { "\u0001\u007f", "\"\\<script>", "日本語", new string('"', 5000), "\r\nX: 1" })
            await _app.RedeemAsync(host.Client, code, ("redirect_uri", code), ("code_verifier", code)).RefusedAsync("invalid_grant");
        await _app.RedeemAsync(host.Client, "", ("code", null)).RefusedAsync("invalid_request");
        var (tab, _, _) = await _app.PersonAsync();
        using var answer = await _app.RedeemAsync(host.Client, await _app.CodeAsync(tab));
        Assert.Equal((HttpStatusCode.OK, "no-store"), (answer.StatusCode, answer.Headers.CacheControl!.ToString()));
    }

    async Task<JsonObject> RefreshAsync(JsonObject tokens) =>
        await host.Client.BasicAsync($"own:{AuthorizeHost.Secret}", ("grant_type", "refresh_token"), ("refresh_token", Text(tokens, "refresh_token"))).GrantedAsync();

    static string Text(JsonNode json, string name) => json[name]!.GetValue<string>();
}
