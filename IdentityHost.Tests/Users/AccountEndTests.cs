using System.Text;
using System.Text.Json.Nodes;
using IdentityHost.Tests.Protocol;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Users;

/// <summary>Accounts that are disabled or deleted are out at once, wherever their tokens are; and an admin always stays.</summary>
public sealed class AccountEndTests(AccessHost host) : IClassFixture<AccessHost>
{
    [Theory, Case(174)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Who_was_disabled_or_deleted_is_out_on_both_nodes(bool delete)
    {
        var (username, id) = await host.Client.RegisterAsync();
        string[] tokens = [await host.Client.AccessTokenAsync(username), await LoginTokenAsync(username)];
        var admin = await host.Client.AdminTokenAsync();

        var answer = delete ? await host.Nodes[0].Client.AskAsync("DELETE", $"/users/{id}", admin) : await host.Nodes[0].Client.SetStatusAsync(id, false, admin);
        answer.MustBe(200);

        foreach (var token in tokens)
            await host.EventuallyRefusedAsync(token, answered: host.Nodes[0]);
        foreach (var node in host.Nodes.Reverse())
        {
            foreach (var token in tokens)
            {
                (await node.Client.AskAsync("GET", "/users/current", token)).MustBe(401, "token_revoked");
                (await node.Client.AskAsync("GET", $"/users/{id}", token)).MustBe(401, "token_revoked");
                (await node.Client.AskAsync("DELETE", $"/users/{id}", token)).MustBe(401, "token_revoked");
            }
            // Only who knows the password hears that the account is disabled.
            var right = await node.Client.PostAsync("/users/login", new { username, password = BackChannel.Password });
            right.MustBe(delete ? 401 : 403, delete ? "invalid_credentials" : "account_disabled");
            (await node.Client.PostAsync("/users/login", new { username, password = "wrong, all of it" })).MustBe(401, "invalid_credentials");
        }
        Assert.Equal(0, await host.LiveGrantsAsync(id));
        Assert.Equal(delete ? 0 : 1, await host.ScalarAsync<long>("SELECT count(*) FROM users WHERE id = $1", id));
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE subject_id = $1 AND kind = $2", id, delete ? "user_deleted" : "user_disabled"));
    }

    [Fact, Case(174)]
    public async Task Who_was_enabled_again_signs_in_anew()
    {
        var (username, id) = await host.Client.RegisterAsync();
        var (old, admin) = (await host.Client.AccessTokenAsync(username), await host.Client.AdminTokenAsync());
        (await host.Client.SetStatusAsync(id, false, admin)).MustBe(200);
        var back = await host.Client.SetStatusAsync(id, true, admin);
        Assert.True(back.Data["status"]!.GetValue<bool>());

        var fresh = await host.Client.AccessTokenAsync(username);
        await host.EventuallyRefusedAsync(old);
        foreach (var node in host.Nodes)
        {
            (await node.Client.AskAsync("GET", "/users/current", old)).MustBe(401, "token_revoked");
            (await node.Client.AskAsync("GET", "/users/current", fresh)).MustBe(200);
        }
    }

    [Fact, Case(117)]
    public async Task A_name_that_is_taken_again_is_somebody_else()
    {
        var (username, id) = await host.Client.RegisterAsync();
        var tokens = await host.Client.PasswordGrantAsync(username, BackChannel.Password).GrantedAsync();
        var old = tokens["access_token"]!.GetValue<string>();
        (await host.Client.AskAsync("DELETE", $"/users/{id}", old)).MustBe(200);

        var (_, newId) = await host.Client.RegisterAsync(username);
        var fresh = await host.Client.AccessTokenAsync(username);
        Assert.NotEqual(SubjectOf(old), SubjectOf(fresh));
        Assert.Equal($"{newId}", SubjectOf(fresh));
        await host.EventuallyRefusedAsync(old);
        foreach (var node in host.Nodes)
        {
            (await node.Client.AskAsync("GET", "/users/current", old)).MustBe(401, "token_revoked");
            (await node.Client.AskAsync("GET", $"/users/{newId}", old)).MustBe(401, "token_revoked");
            await node.Client.TokenAsync(("grant_type", "refresh_token"), ("client_id", "demo"), ("refresh_token", tokens["refresh_token"]!.GetValue<string>()))
                .RefusedAsync("invalid_grant");
            Assert.Equal(newId, (await node.Client.AskAsync("GET", "/users/current", fresh)).Data["id"]!.GetValue<long>());
        }
    }

    [Fact, Case(172)]
    public async Task A_client_that_manages_users_cannot_remove_the_last_admin_either()
    {
        var service = await host.Client.ServiceTokenAsync();
        var admin = await host.ScalarAsync<long>("SELECT id FROM users WHERE user_name = $1", HostFixture.AdminName);
        var (_, id) = await host.Client.RegisterAsync();
        foreach (var node in host.Nodes)
        {
            (await node.Client.SetStatusAsync(admin, false, service)).MustBe(409, "last_admin");
            (await node.Client.AskAsync("DELETE", $"/users/{admin}", service)).MustBe(409, "last_admin");
        }
        (await host.Client.SetStatusAsync(id, false, service)).MustBe(200);
        (await host.Client.AskAsync("DELETE", $"/users/{id}", service)).MustBe(200);
        // The audit tells which client it was: there is no person to name.
        Assert.Equal(2, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE subject_id = $1 AND actor_id IS NULL AND client_id = 'demo-service'", id));
    }

    [Fact, Case(172)]
    public async Task The_last_admin_stays()
    {
        var admin = await host.Client.AdminTokenAsync();
        var id = (await host.Client.AskAsync("GET", "/users/current", admin)).Data["id"]!.GetValue<long>();
        var (_, disabled) = await host.Client.RegisterAsync();
        // An admin who cannot sign in does not count as one that is left.
        await host.PromoteAsync(disabled);
        (await host.Client.SetStatusAsync(disabled, false, admin)).MustBe(200);
        Assert.Equal(1, await ActiveAdminsAsync());
        var before = await host.FingerprintAsync();
        foreach (var node in host.Nodes)
        {
            (await node.Client.SetStatusAsync(id, false, admin)).MustBe(409, "last_admin");
            (await node.Client.AskAsync("DELETE", $"/users/{id}", admin)).MustBe(409, "last_admin");
            foreach (var own in new[] { "/users/current", "/users" })
                (await node.Client.AskAsync("DELETE", own, admin)).MustBe(409, "last_admin");
            (await node.Client.AskAsync("GET", "/users", admin)).MustBe(200);
        }
        Assert.Equal(before, await host.FingerprintAsync());
    }

    [Theory, Case(172)]
    [InlineData("delete", "delete")]
    [InlineData("disable", "disable")]
    [InlineData("delete", "disable")]
    [InlineData("leave", "leave")]
    public async Task Two_admins_who_remove_each_other_leave_one(string first, string second)
    {
        await host.ExecuteAsync("UPDATE users SET role = 0 WHERE user_name = $1", HostFixture.AdminName);
        try
        {
            for (var round = 0; round < 4; round++)
            {
                await host.ExecuteAsync("UPDATE users SET role = 0 WHERE role = 1");
                var (a, b) = (await AdminAsync(), await AdminAsync());
                var (victimOfA, victimOfB) = first == "leave" ? (a.Id, b.Id) : (b.Id, a.Id);
                var answers = await Task.WhenAll(
                    RemoveAsync(host.Nodes[0].Client, first, victimOfA, a.Token),
                    RemoveAsync(host.Nodes[1].Client, second, victimOfB, b.Token));

                Assert.Single(answers, answer => answer.Status == 200);
                // Who came second is no admin any more, has no valid token any more, or is the last.
                var loser = answers.Single(answer => answer.Status != 200);
                Assert.True(loser.Code is "last_admin" or "admin_required" or "token_revoked", loser.Text);
                Assert.Equal(1, await ActiveAdminsAsync());
            }
        }
        finally
        {
            await host.ExecuteAsync("UPDATE users SET role = CASE WHEN user_name = $1 THEN 1 ELSE 0 END", HostFixture.AdminName);
        }
    }

    [Fact, Case(175)]
    public async Task Of_two_changes_with_one_etag_one_holds()
    {
        var (username, id) = await host.Client.RegisterAsync();
        var admin = await host.Client.AdminTokenAsync();
        var tag = (await host.Nodes[1].Client.AskAsync("GET", $"/users/{id}", admin)).Header("etag")!;
        Assert.Matches("^\"[^\"]+\"$", tag);

        var answers = await Task.WhenAll(host.Nodes.Select(node => node.Client.SetStatusAsync(id, false, admin, ("If-Match", tag))));
        Assert.Single(answers, a => a.Status == 200);
        Assert.Single(answers, a => a is { Status: 412, Code: "precondition_failed" });

        var now = answers.Single(a => a.Status == 200).Header("etag")!;
        Assert.NotEqual(tag, now);
        foreach (var node in host.Nodes)
        {
            foreach (var stale in new[] { tag, $"W/{now}", "nonsense", "\"\"", $"{tag}, \"v999\"" })
            {
                (await node.Client.SetStatusAsync(id, true, admin, ("If-Match", stale))).MustBe(412, "precondition_failed");
                (await node.Client.AskAsync("DELETE", $"/users/{id}", admin, null, ("If-Match", stale))).MustBe(412, "precondition_failed");
            }
            Assert.Equal(now, (await node.Client.AskAsync("GET", $"/users/{id}", admin)).Header("etag"));
        }
        (await host.Client.PostAsync("/users/login", new { username, password = BackChannel.Password })).MustBe(403, "account_disabled");
        (await host.Client.SetStatusAsync(id, true, admin, ("If-Match", $"{tag}, {now}"))).MustBe(200);
        (await host.Client.AskAsync("DELETE", $"/users/{id}", admin, null, ("If-Match", "*"))).MustBe(200);
    }

    Task<long> ActiveAdminsAsync() => host.ScalarAsync<long>("SELECT count(*) FROM users WHERE role = 1 AND status")!;

    async Task<(long Id, string Token)> AdminAsync()
    {
        var (username, id) = await host.Client.RegisterAsync();
        await host.PromoteAsync(id);
        return (id, await host.Client.AccessTokenAsync(username));
    }

    async Task<string> LoginTokenAsync(string username) =>
        (await host.Client.PostAsync("/users/login", new { username, password = BackChannel.Password })).Data["access_token"]!.GetValue<string>();

    static Task<Answer> RemoveAsync(HttpClient node, string how, long victim, string token) =>
        how == "disable" ? node.SetStatusAsync(victim, false, token) : node.AskAsync("DELETE", $"/users/{victim}", token);

    /// <summary>The claim <c>sub</c>, without asking whether the token is genuine.</summary>
    static string SubjectOf(string token)
    {
        var payload = token.Split('.')[1].Replace('-', '+').Replace('_', '/');
        var json = Encoding.UTF8.GetString(Convert.FromBase64String(payload.PadRight((payload.Length + 3) / 4 * 4, '=')));
        return JsonNode.Parse(json)!["sub"]!.GetValue<string>();
    }
}
