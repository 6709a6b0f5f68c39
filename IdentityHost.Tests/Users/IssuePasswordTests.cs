using System.Net;
using IdentityHost.Tests.Protocol;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Users;

/// <summary><c>POST /users/{id}/password</c>: the old password, every session and every token are dead; the new password is shown once and must be changed.</summary>
[Collection(SharedHost.Name)]
public sealed class IssuePasswordTests(HostFixture host)
{
    const string Chosen = "another quiet place";

    [Fact, Case(213)]
    public async Task Whoever_was_in_is_out_and_the_new_password_leads_to_a_choice()
    {
        var (username, id, email) = await host.PersonAsync();
        var old = await host.Client.AccessTokenAsync(username);
        var tab = new Tab(host);
        (await tab.SignInAsync(username, BackChannel.Password)).Dispose();
        var resetLink = await host.ForgetAsync(email);
        await host.ExecuteAsync("UPDATE users SET pending_email = 'thief@example.net' WHERE id = $1", id);

        var issued = await host.Nodes[0].Client.AskAsync("POST", $"/users/{id}/password", await host.Client.AdminTokenAsync());
        issued.MustBe(200);
        var password = issued.Data["generated_password"]!.GetValue<string>();
        Assert.Equal((id, true), (issued.Data["id"]!.GetValue<long>(), issued.Data["must_change_password"]!.GetValue<bool>()));

        await host.EventuallyRefusedAsync(old, answered: host.Nodes[0]);
        using (var account = await tab.GetAsync("/account"))
            Assert.Contains("/sign-in", account.Headers.Location!.ToString(), StringComparison.Ordinal);
        Assert.Equal(0, await host.LiveGrantsAsync(id));
        Assert.Equal(0, await host.LiveSessionsAsync(id));
        // Neither a link that was mailed before nor an address that was asked for outlives it.
        using (var late = await new Tab(host).ResetAsync(resetLink, Chosen))
            Assert.Equal(HttpStatusCode.BadRequest, late.StatusCode);
        Assert.Null(await host.ScalarAsync<string>("SELECT pending_email FROM users WHERE id = $1", id));
        Assert.Contains("password", await host.MailToAsync(email), StringComparison.Ordinal);

        foreach (var node in host.Nodes)
        {
            await node.Client.PasswordGrantAsync(username, BackChannel.Password).RefusedAsync("invalid_grant");
            var refused = await node.Client.PasswordGrantAsync(username, password).RefusedAsync("invalid_grant");
            Assert.Equal("password_change_required", refused["error_code"]!.GetValue<string>());
            Assert.DoesNotContain(node.Log.Lines, l => l.Contains(password, StringComparison.Ordinal));
        }
        await host.Client.PasswordGrantAsync(username, password, ("new_password", Chosen)).GrantedAsync();
        await host.Client.PasswordGrantAsync(username, Chosen).GrantedAsync();
        var adminId = await host.ScalarAsync<long>("SELECT id FROM users WHERE user_name = $1", HostFixture.AdminName);
        Assert.Equal($"{adminId}/demo", await host.ScalarAsync<string>(
            "SELECT string_agg(concat_ws('/', actor_id, client_id), ',') FROM audit_events WHERE subject_id = $1 AND kind = 'password_generated'", id));
    }

    [Fact]
    public async Task Each_is_another_and_the_one_before_is_dead()
    {
        var (username, id) = await host.Client.RegisterAsync();
        var service = await host.Client.ServiceTokenAsync();
        var first = (await host.Client.AskAsync("POST", $"/users/{id}/password", service)).Data["generated_password"]!.GetValue<string>();
        var second = (await host.Client.AskAsync("POST", $"/users/{id}/password", service, UsersApi.Json("{}"))).Data["generated_password"]!.GetValue<string>();
        Assert.NotEqual(first, second);
        await host.Client.PasswordGrantAsync(username, first, ("new_password", Chosen)).RefusedAsync("invalid_grant");
        await host.Client.PasswordGrantAsync(username, second, ("new_password", Chosen)).GrantedAsync();
    }

    [Fact]
    public async Task Of_several_at_once_one_is_in_force()
    {
        var (username, id) = await host.Client.RegisterAsync();
        var service = await host.Client.ServiceTokenAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => host.Client.AskAsync("POST", $"/users/{id}/password", service)));
        Assert.All(answers, a => a.MustBe(200));
        var working = 0;
        foreach (var answer in answers)
        {
            var refused = await host.Client.PasswordGrantAsync(username, answer.Data["generated_password"]!.GetValue<string>()).RefusedAsync("invalid_grant");
            working += refused.ContainsKey("error_code") ? 1 : 0;
        }
        Assert.Equal(1, working);
    }

    [Fact, Case(167)]
    public async Task Nobody_else_is_given_one()
    {
        var (username, id) = await host.Client.RegisterAsync();
        var user = await host.Client.AccessTokenAsync(username);
        var admin = await host.Client.AdminTokenAsync();
        var before = await host.FingerprintAsync();
        foreach (var node in host.Nodes)
        {
            (await node.Client.AskAsync("POST", $"/users/{id}/password")).MustBe(401, "unauthorized");
            (await node.Client.AskAsync("POST", $"/users/{id}/password", user)).MustBe(403, "admin_required");
            (await node.Client.AskAsync("POST", "/users/999999999/password", admin)).MustBe(404, "user_not_found");
            (await node.Client.AskAsync("POST", "/users/0/password", admin)).MustBe(404, "user_not_found");
            // A password that is sent would not be the one: the caller hears of it.
            (await node.Client.AskAsync("POST", $"/users/{id}/password", admin, UsersApi.Json(new { password = Chosen }))).MustBe(400, "unknown_field");
            (await node.Client.AskAsync("POST", $"/users/{id}/password", admin, null, ("If-Match", "\"v99\""))).MustBe(412, "precondition_failed");
        }
        Assert.Equal(before, await host.FingerprintAsync());
    }
}
