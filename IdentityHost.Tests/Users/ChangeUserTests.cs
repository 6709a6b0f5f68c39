using System.Text.Json.Nodes;
using IdentityHost.Tests.Protocol;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Users;

/// <summary><c>PATCH /users/{id}</c>: profiles and roles, by those who manage users.</summary>
public sealed class ChangeUserTests(AccessHost host) : IClassFixture<AccessHost>
{
    [Fact]
    public async Task Members_that_are_sent_change_null_clears_and_the_rest_stays()
    {
        var (username, id) = await host.Client.RegisterAsync();
        var admin = await host.Client.AdminTokenAsync();
        await host.ExecuteAsync("UPDATE users SET email_confirmed = true WHERE id = $1", id);

        var named = await ChangeAsync(id, admin, new { name = "Aan", weight = "58.55", height = 170.5 });
        named.MustBe(200);
        Assert.Equal(("Aan", 58.6m, 170.5m), (Text(named, "name"), Number(named, "weight"), Number(named, "height")));
        Assert.Equal((username, $"{username}@example.com", true), (Text(named, "username"), Text(named, "email"), named.Data["email_verified"]!.GetValue<bool>()));

        var newName = BackChannel.NewName();
        var renamed = await ChangeAsync(id, admin, new { username = newName, email = $"{newName}@EXAMPLE.com", weight = (decimal?)null });
        renamed.MustBe(200);
        Assert.Equal((newName, $"{newName}@example.com", "Aan"), (Text(renamed, "username"), Text(renamed, "email"), Text(renamed, "name")));
        Assert.Null(renamed.Data["weight"]);
        // An address that nobody has proven yet.
        Assert.False(renamed.Data["email_verified"]!.GetValue<bool>());
        Assert.Equal(renamed.Header("etag"), (await host.Client.AskAsync("GET", $"/users/{id}", admin)).Header("etag"));

        var cleared = await ChangeAsync(id, admin, new { email = (string?)null, name = (string?)null });
        cleared.MustBe(200);
        Assert.Null(cleared.Data["email"]);
        Assert.Null(cleared.Data["name"]);
        await host.Client.AccessTokenAsync(newName);
        Assert.Equal(3, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE kind = 'user_updated' AND subject_id = $1", id));
    }

    [Fact]
    public async Task An_address_in_another_case_stays_proven()
    {
        var (username, id) = await host.Client.RegisterAsync();
        await host.ExecuteAsync("UPDATE users SET email_confirmed = true WHERE id = $1", id);
        var answer = await ChangeAsync(id, await host.Client.AdminTokenAsync(), new { email = $"{username.ToUpperInvariant()}@example.com" });
        answer.MustBe(200);
        Assert.True(answer.Data["email_verified"]!.GetValue<bool>());
    }

    [Theory]
    [InlineData("""{"username":null}""", 400, "invalid_username")]
    [InlineData("""{"username":"a b"}""", 400, "invalid_username")]
    [InlineData("""{"email":"nobody"}""", 400, "invalid_email")]
    [InlineData("""{"name":" "}""", 400, "invalid_name")]
    [InlineData("""{"weight":0}""", 400, "invalid_weight")]
    [InlineData("""{"height":"tall"}""", 400, "invalid_height")]
    [InlineData("""{"role":null}""", 400, "invalid_request")]
    [InlineData("""{"role":"ROOT"}""", 400, "invalid_request")]
    [InlineData("""{"role":1}""", 400, "invalid_request")]
    [InlineData("""{"role":"admin"}""", 400, "invalid_request")]
    [InlineData("""{"status":false}""", 400, "unknown_field")]
    [InlineData("""{"email_verified":true}""", 400, "unknown_field")]
    [InlineData("""{"password":"a quiet place to sit"}""", 400, "unknown_field")]
    [InlineData("""{"epoch":0}""", 400, "unknown_field")]
    [InlineData("""{"role":"ADMIN","username":"ADMIN"}""", 409, "username_taken")]
    [InlineData("""{"role":"ADMIN","email":"Admin@example.com"}""", 409, "email_taken")]
    public async Task What_is_refused_changes_nothing_not_even_the_role_beside_it(string body, int status, string code)
    {
        var (_, id) = await host.Client.RegisterAsync();
        var admin = await host.Client.AdminTokenAsync();
        var before = await host.FingerprintAsync();
        foreach (var node in host.Nodes)
            (await node.Client.AskAsync("PATCH", $"/users/{id}", admin, UsersApi.Json(body))).MustBe(status, code);
        Assert.Equal(before, await host.FingerprintAsync());
    }

    [Fact, Case(170)]
    public async Task Only_those_who_manage_users_may_and_nobody_makes_themself_an_admin()
    {
        var (username, id) = await host.Client.RegisterAsync();
        var (_, other) = await host.Client.RegisterAsync();
        var token = await host.Client.AccessTokenAsync(username);
        var admin = await host.Client.AccessTokenAsync(HostFixture.AdminName, HostFixture.AdminPassword, ("scope", "users:self"));
        var before = await host.FingerprintAsync();
        foreach (var target in new[] { $"{id}", $"{other}", "999999999", "x" })
        {
            (await host.Client.AskAsync("PATCH", $"/users/{target}", token, UsersApi.Json(new { role = "ADMIN" }))).MustBe(403, "admin_required");
            (await host.Client.AskAsync("PATCH", $"/users/{target}", null, UsersApi.Json(new { role = "ADMIN" }))).MustBe(401, "unauthorized");
        }
        (await ChangeAsync(id, admin, new { role = "ADMIN" })).MustBe(403, "insufficient_scope");
        Assert.Equal(before, await host.FingerprintAsync());

        var service = await host.Client.ServiceTokenAsync();
        (await ChangeAsync(999_999_999, service, new { role = "ADMIN" })).MustBe(404, "user_not_found");
        (await ChangeAsync(id, service, new { role = "ADMIN" })).MustBe(200);
        Assert.Equal("demo-service", await host.ScalarAsync<string>("SELECT client_id FROM audit_events WHERE kind = 'role_changed' AND subject_id = $1 AND detail = 'ADMIN'", id));
    }

    /// <summary>The old access tokens, which speak of the role, die on both nodes; the session goes on and gives what the new role allows.</summary>
    [Fact, Case(78), Case(130)]
    public async Task A_role_that_is_taken_away_is_gone_at_once_and_the_session_goes_on()
    {
        var (username, id) = await host.Client.RegisterAsync();
        var admin = await host.Client.AdminTokenAsync();
        (await ChangeAsync(id, admin, new { role = "ADMIN" })).MustBe(200);
        var tokens = await host.Client.PasswordGrantAsync(username, BackChannel.Password).GrantedAsync();
        var old = tokens["access_token"]!.GetValue<string>();
        Assert.Contains("users:manage", tokens["scope"]!.GetValue<string>(), StringComparison.Ordinal);
        foreach (var node in host.Nodes)
            (await node.Client.AskAsync("GET", "/users?limit=1", old)).MustBe(200);

        var taken = await host.Nodes[0].Client.AskAsync("PATCH", $"/users/{id}", admin, UsersApi.Json(new { role = "USER" }));
        taken.MustBe(200);
        Assert.Equal("USER", Text(taken, "role"));
        await host.EventuallyRefusedAsync(old, answered: host.Nodes[0]);
        foreach (var node in host.Nodes.Reverse())
        {
            (await node.Client.AskAsync("GET", "/users?limit=1", old)).MustBe(401, "token_revoked");
            (await node.Client.AskAsync("GET", "/users/current", old)).MustBe(401, "token_revoked");
        }

        var refreshed = await host.Nodes[1].Client.TokenAsync(
            ("grant_type", "refresh_token"), ("client_id", "demo"), ("refresh_token", tokens["refresh_token"]!.GetValue<string>())).GrantedAsync();
        var fresh = refreshed["access_token"]!.GetValue<string>();
        Assert.DoesNotContain("users:manage", refreshed["scope"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal("USER", Assert.Single(Answers.ClaimsOf(fresh)["roles"]!.AsArray())!.GetValue<string>());
        foreach (var node in host.Nodes)
        {
            (await node.Client.AskAsync("GET", "/users?limit=1", fresh)).MustBe(403, "admin_required");
            (await node.Client.AskAsync("GET", "/users/current", fresh)).MustBe(200);
        }
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE kind = 'role_changed' AND subject_id = $1 AND detail = 'USER'", id));
        Assert.Equal(2, await host.ScalarAsync<long>("SELECT count(*) FROM revocations WHERE kind = 5 AND key = $1", $"{id}"));
    }

    [Fact]
    public async Task The_role_one_has_changes_nothing()
    {
        var (username, id) = await host.Client.RegisterAsync();
        var admin = await host.Client.AdminTokenAsync();
        var token = await host.Client.AccessTokenAsync(username);
        var before = await host.FingerprintAsync();
        (await ChangeAsync(id, admin, new { role = "USER" })).MustBe(200);
        (await ChangeAsync(id, admin, new { })).MustBe(200);
        Assert.Equal(before, await host.FingerprintAsync());
        (await host.Client.AskAsync("GET", "/users/current", token)).MustBe(200);
    }

    [Fact, Case(172)]
    public async Task The_last_admin_stays_one()
    {
        var admin = await host.Client.AdminTokenAsync();
        var id = await host.ScalarAsync<long>("SELECT id FROM users WHERE user_name = $1", HostFixture.AdminName);
        await host.ExecuteAsync("UPDATE users SET role = 0 WHERE id <> $1", id);
        var before = await host.FingerprintAsync();
        foreach (var node in host.Nodes)
            (await node.Client.AskAsync("PATCH", $"/users/{id}", admin, UsersApi.Json(new { name = "Root", role = "USER" }))).MustBe(409, "last_admin");
        Assert.Equal(before, await host.FingerprintAsync());
    }

    [Fact, Case(172)]
    public async Task Two_admins_who_take_each_others_role_leave_one()
    {
        await host.ExecuteAsync("UPDATE users SET role = 0 WHERE user_name = $1", HostFixture.AdminName);
        try
        {
            for (var round = 0; round < 4; round++)
            {
                await host.ExecuteAsync("UPDATE users SET role = 0 WHERE role = 1");
                var people = new List<(long Id, string Token)>();
                for (var i = 0; i < 2; i++)
                {
                    var (username, id) = await host.Client.RegisterAsync();
                    await host.PromoteAsync(id);
                    people.Add((id, await host.Client.AccessTokenAsync(username)));
                }
                // Each the other's, or each one's own.
                var crossed = round % 2;
                var answers = await Task.WhenAll(Enumerable.Range(0, 2).Select(i => host.Nodes[i].Client.AskAsync(
                    "PATCH", $"/users/{people[(i + crossed) % 2].Id}", people[i].Token, UsersApi.Json(new { role = "USER" }))));
                Assert.Single(answers, a => a.Status == 200);
                var loser = answers.Single(a => a.Status != 200);
                Assert.True(loser.Code is "last_admin" or "admin_required" or "token_revoked", loser.Text);
                Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM users WHERE role = 1 AND status"));
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
        var (_, id) = await host.Client.RegisterAsync();
        var admin = await host.Client.AdminTokenAsync();
        var tag = (await host.Client.AskAsync("GET", $"/users/{id}", admin)).Header("etag")!;
        var answers = await Task.WhenAll(host.Nodes.Select((node, i) =>
            node.Client.AskAsync("PATCH", $"/users/{id}", admin, UsersApi.Json(new { name = $"Name {i}", role = "ADMIN" }), ("If-Match", tag))));
        Assert.Single(answers, a => a.Status == 200);
        Assert.Single(answers, a => a is { Status: 412, Code: "precondition_failed" });
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE kind = 'role_changed' AND subject_id = $1", id));
    }

    [Fact]
    public async Task Forms_and_the_alias_do_the_same_and_an_empty_field_says_nothing()
    {
        var (username, id) = await host.Client.RegisterAsync();
        var admin = await host.Client.AdminTokenAsync();
        (await host.Client.AskAsync("PATCH", $"/api/users/{id}", admin, UsersApi.Form(("nama", "Aan"), ("email", ""), ("weight", "60"), ("role", "ADMIN")))).MustBe(200);
        var answer = await host.Client.AskAsync("PATCH", $"/users/{id}", admin, UsersApi.Multipart(("name", ""), ("height", "170"), ("weight", "")));
        answer.MustBe(200);
        Assert.Equal(("Aan", $"{username}@example.com", "ADMIN"), (Text(answer, "name"), Text(answer, "email"), Text(answer, "role")));
        Assert.Equal((60m, 170m), (Number(answer, "weight"), Number(answer, "height")));
    }

    Task<Answer> ChangeAsync(long id, string token, object body) => host.Client.AskAsync("PATCH", $"/users/{id}", token, UsersApi.Json(body));

    static string? Text(Answer answer, string member) => answer.Data[member]?.GetValue<string>();

    static decimal? Number(Answer answer, string member) => (answer.Data[member] as JsonValue)?.GetValue<decimal>();
}
