using System.Net;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Pages;

/// <summary>People see which applications have access, and take it away.</summary>
[Collection(SharedHost.Name)]
public sealed class ConnectedApplicationsTests(HostFixture host)
{
    [Fact]
    [Case(77)]
    public async Task Withdrawn_access_ends_every_token_of_that_application_and_of_no_other()
    {
        var (person, tab) = await SignedInAsync();
        await AllowAsync(person.Id, "demo", "openid roles");
        await AllowAsync(person.Id, "demo-service", "users:manage");
        await CodeAsync(person.Id, "demo");
        var other = await SignedIn.NewAsync(host.Client);
        await AllowAsync(other.Id, "demo", "openid");
        var page = await tab.TextAsync("/account");
        Assert.Contains("Applications with access", page, StringComparison.Ordinal);
        Assert.Contains("<strong>Demo</strong>", page, StringComparison.Ordinal);
        Assert.Contains("<strong>Demo service</strong>", page, StringComparison.Ordinal);

        using (var withdrawn = await tab.PostAsync("/account?handler=Withdraw", "/account", ("application", "demo")))
            Assert.Equal((HttpStatusCode.SeeOther, "/account"), (withdrawn.StatusCode, withdrawn.Headers.Location!.ToString()));
        await host.EventuallyRefusedAsync(person.AccessToken);
        using (var refused = await host.Client.TokenAsync(("grant_type", "refresh_token"), ("client_id", "demo"), ("refresh_token", person.Tokens.RefreshToken!)))
            Assert.Equal("invalid_grant", (await refused.JsonAsync())["error"]?.GetValue<string>());
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM authorization_codes WHERE user_id = $1 AND expires_at > identity_now()", person.Id));
        page = await tab.TextAsync("/account");
        Assert.DoesNotContain("<strong>Demo</strong>", page, StringComparison.Ordinal);
        Assert.Contains("<strong>Demo service</strong>", page, StringComparison.Ordinal);
        Assert.Equal(1, await host.ScalarAsync<long>(
            "SELECT count(*) FROM audit_events WHERE kind = 'consent_withdrawn' AND subject_id = $1 AND actor_id = $1 AND client_id = 'demo'", person.Id));

        // Nobody else's.
        Assert.True(await other.IsAcceptedAsync(host.Nodes[0].Client));
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM consents WHERE user_id = $1", other.Id));
    }

    [Fact]
    public async Task Application_without_access_is_not_shown_and_withdrawing_from_it_changes_nothing()
    {
        var (person, tab) = await SignedInAsync();
        var stranger = await SignedIn.NewAsync(host.Client);
        foreach (var application in new[] { "demo-service", "nobody" })
        {
            using var answer = await tab.PostAsync("/account?handler=Withdraw", "/account", ("application", application));
            Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
        }
        foreach (var wrong in new[] { "", "a\0b", new string('a', 101) })
        {
            using var answer = await tab.PostAsync("/account?handler=Withdraw", "/account", ("application", wrong));
            Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        }
        Assert.True(await person.IsAcceptedAsync(host.Nodes[1].Client));
        Assert.True(await stranger.IsAcceptedAsync(host.Nodes[1].Client));
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE kind = 'consent_withdrawn' AND subject_id = $1", person.Id));
    }

    [Fact]
    public async Task Post_of_another_site_withdraws_nothing()
    {
        var (person, tab) = await SignedInAsync();
        using var forged = await tab.SendAsync(HttpMethod.Post, "/account?handler=Withdraw", [("application", "demo")]);
        Assert.Equal(HttpStatusCode.BadRequest, forged.StatusCode);
        Assert.True(await person.IsAcceptedAsync(host.Nodes[0].Client));
    }

    /// <summary>Somebody with tokens of the demo application, at their account's page.</summary>
    async Task<(SignedIn Person, Tab Tab)> SignedInAsync()
    {
        var person = await SignedIn.NewAsync(host.Client);
        var tab = new Tab(host);
        using var answer = await tab.SignInAsync(person.Username, BackChannel.Password);
        Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
        return (person, tab);
    }

    Task<int> AllowAsync(long person, string application, string scope) => host.ExecuteAsync(
        "INSERT INTO consents (user_id, application_id, scope) SELECT $1, id, $3 FROM applications WHERE client_id = $2", person, application, scope);

    /// <summary>One that is on its way to the application.</summary>
    async Task CodeAsync(long person, string application) => Assert.Equal(1, await host.ExecuteAsync(
        """
        INSERT INTO authorization_codes (id, application_id, session_id, user_id, redirect_uri, redirect_uri_sent, scope, resources, salt, expires_at)
        SELECT gen_random_uuid(), a.id, s.id, $1, 'https://app.example.com/', true, 'openid', '{}', '\x00', identity_now() + interval '1 minute'
        FROM applications a, (SELECT id FROM sessions WHERE user_id = $1 AND last_seen_at IS NOT NULL LIMIT 1) s WHERE a.client_id = $2
        """,
        person,
        application));
}
