using IdentityHost.Tests.Support;
using IdentityHost.Tests.Users.Pictures;

namespace IdentityHost.Tests.Users;

/// <summary>People change, and end, their own account: <c>/users/current</c> and what is below it, with the seeds' other names for it.</summary>
[Collection(SharedHost.Name)]
public sealed class OwnAccountTests(HostFixture host) : IAsyncLifetime
{
    const string NewPassword = "another quiet place";

    string _username = "";
    string _token = "";
    long _id;

    public async ValueTask InitializeAsync()
    {
        (_username, _id) = await host.Client.RegisterAsync();
        _token = await host.Client.AccessTokenAsync(_username);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Theory]
    [InlineData("PATCH", "/users/current")]
    [InlineData("PATCH", "/api/users/current")]
    [InlineData("PATCH", "/user")]
    [InlineData("PUT", "/users/{id}")]
    public async Task Members_that_are_sent_change_null_clears_and_the_rest_stays(string method, string path)
    {
        path = path.Replace("{id}", $"{_id}", StringComparison.Ordinal);
        var name = BackChannel.NewName();
        var changed = await host.Client.AskAsync(method, path, _token, UsersApi.Json(new { username = name, nama = "Aan", weight = "60", height = 170.55 }));
        changed.MustBe(200);
        Assert.Equal((name, "Aan", 60m, 170.6m), (Text(changed, "username"), Text(changed, "name"), Number(changed, "weight"), Number(changed, "height")));
        Assert.Equal($"{_username}@example.com", Text(changed, "email"));
        var read = await host.Client.AskAsync("GET", "/users/current", _token);
        Assert.Equal(changed.Data.ToJsonString(), read.Data.ToJsonString());
        Assert.Equal(changed.Header("etag"), read.Header("etag"));
        foreach (var body in new[] { UsersApi.Form(("name", "Budi"), ("weight", "")), UsersApi.Multipart(("name", "Budi"), ("weight", "")) })
        {
            var answer = await host.Client.AskAsync(method, path, _token, body);
            Assert.Equal(("Budi", 60m), (Text(answer, "name"), Number(answer, "weight")));
        }
        var cleared = await host.Client.AskAsync(method, path, _token, UsersApi.Json("""{"name":null,"weight":null}"""));
        Assert.Null(cleared.Data["name"]);
        Assert.Null(cleared.Data["weight"]);
        Assert.Equal(name, Text(cleared, "username"));
    }

    [Theory, Case(168)]
    [InlineData("role", "\"ADMIN\"")]
    [InlineData("status", "false")]
    [InlineData("id", "1")]
    [InlineData("passwordHash", "\"x\"")]
    [InlineData("password_hash", "\"x\"")]
    [InlineData("emailVerified", "true")]
    [InlineData("email_verified", "true")]
    [InlineData("pending_email", "\"a@example.com\"")]
    [InlineData("must_change_password", "false")]
    [InlineData("version", "9")]
    [InlineData("epoch", "0")]
    public async Task What_is_not_theirs_to_say_is_refused_and_changes_nothing(string member, string value)
    {
        var before = await host.FingerprintAsync();
        foreach (var (method, path) in new[] { ("PATCH", "/users/current"), ("PATCH", "/user"), ("PUT", $"/users/{_id}"), ("PATCH", "/users/current/password"), ("DELETE", "/users/current") })
            (await host.Client.AskAsync(method, path, _token, UsersApi.Json($$"""{"name":"Aan","{{member}}":{{value}}}"""))).MustBe(400, "unknown_field");
        Assert.Equal(before, await host.FingerprintAsync());
    }

    [Theory]
    [InlineData("PATCH", "/users/current")]
    [InlineData("PUT", "/users/{id}")]
    public async Task A_new_address_waits_until_it_is_confirmed(string method, string path)
    {
        path = path.Replace("{id}", $"{_id}", StringComparison.Ordinal);
        var (old, wanted) = ($"{_username}@example.com", $"{BackChannel.NewName()}@example.com");
        await host.ExecuteAsync("UPDATE users SET email_confirmed = true WHERE id = $1", _id);
        var asked = await host.Client.AskAsync(method, path, _token, UsersApi.Json(new { email = wanted, name = "Aan" }));
        asked.MustBe(200);
        Assert.Equal((old, wanted, true, "Aan"), (Text(asked, "email"), Text(asked, "pending_email"), asked.Data["email_verified"]!.GetValue<bool>(), Text(asked, "name")));
        Assert.Equal(1, await host.MailsToAsync(wanted));
        Assert.Contains(wanted, await host.MailToAsync(old), StringComparison.Ordinal);
        var link = await host.LinkToAsync(wanted);

        // Wanting the old one again, in whatever case, takes the wish back, and the link with it.
        var back = await host.Client.AskAsync(method, path, _token, UsersApi.Json(new { email = old.ToUpperInvariant() }));
        Assert.Null(back.Data["pending_email"]);
        Assert.True(back.Data["email_verified"]!.GetValue<bool>());
        await new Tab(host).ConfirmAsync(link);
        Assert.Equal($"{_username.ToUpperInvariant()}@example.com", Text(await host.Client.AskAsync("GET", "/users/current", _token), "email"));

        (await host.Client.AskAsync(method, path, _token, UsersApi.Json(new { email = wanted }))).MustBe(200);
        await new Tab(host).ConfirmAsync(await host.LinkToAsync(wanted));
        var confirmed = await host.Client.AskAsync("GET", "/users/current", _token);
        Assert.Equal((wanted, true), (Text(confirmed, "email"), confirmed.Data["email_verified"]!.GetValue<bool>()));
        Assert.Null(confirmed.Data["pending_email"]);

        var removed = await host.Client.AskAsync(method, path, _token, UsersApi.Json("""{"email":null}"""));
        removed.MustBe(200);
        Assert.Null(removed.Data["email"]);
        Assert.False(removed.Data["email_verified"]!.GetValue<bool>());
    }

    [Fact]
    public async Task Taken_names_and_addresses_are_refused_and_nothing_of_the_request_stands()
    {
        var (other, _) = await host.Client.RegisterAsync();
        var before = await host.FingerprintAsync();
        foreach (var node in host.Nodes)
        {
            foreach (var (method, path) in new[] { ("PATCH", "/users/current"), ("PUT", $"/users/{_id}") })
            {
                (await node.Client.AskAsync(method, path, _token, UsersApi.Json(new { name = "Aan", username = other.ToUpperInvariant() }))).MustBe(409, "username_taken");
                (await node.Client.AskAsync(method, path, _token, UsersApi.Json(new { name = "Aan", email = $"{other}@EXAMPLE.com" }))).MustBe(409, "email_taken");
            }
        }
        Assert.Equal(before, await host.FingerprintAsync());
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM account_tokens WHERE user_id = $1 AND email <> $2", _id, $"{_username}@example.com"));
        // Asking about one address after the other is counted.
        var statuses = new List<int>();
        for (var i = 0; i < 20; i++)
            statuses.Add((await host.Client.AskAsync("PATCH", "/users/current", _token, UsersApi.Json(new { email = $"{other}@example.com" }))).Status);
        Assert.Contains(statuses, s => s is 409 or 429);
    }

    [Theory]
    [InlineData("/users/current/password", "new_password")]
    [InlineData("/users", "new_password")]
    [InlineData("/users/current", "password")]
    public async Task A_new_password_needs_the_old_one_and_ends_every_other_session(string path, string member)
    {
        var other = await host.Client.AccessTokenAsync(_username);
        using var grant = await host.Client.PasswordGrantAsync(_username, BackChannel.Password);
        var refresh = (await grant.JsonAsync())["refresh_token"]!.GetValue<string>();

        var before = await host.FingerprintAsync();
        (await ChangeAsync(path, (member, NewPassword))).MustBe(400, "invalid_request");
        (await ChangeAsync(path, (member, NewPassword), ("old_password", "not this one"))).MustBe(401, "invalid_credentials");
        (await ChangeAsync(path, (member, "short"), ("old_password", BackChannel.Password))).MustBe(400, "weak_password");
        Assert.Equal(before, await host.FingerprintAsync());

        (await ChangeAsync(path, (member, NewPassword), ("old_password", BackChannel.Password))).MustBe(200);
        (await host.Client.AskAsync("GET", "/users/current", _token)).MustBe(200);
        await host.EventuallyRefusedAsync(other);
        using (var refused = await host.Client.TokenAsync(("grant_type", "refresh_token"), ("client_id", "demo"), ("refresh_token", refresh)))
            Assert.Equal(400, (int)refused.StatusCode);
        using (var refused = await host.Client.PasswordGrantAsync(_username, BackChannel.Password))
            Assert.Equal(400, (int)refused.StatusCode);
        await host.Client.AccessTokenAsync(_username, NewPassword);
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE kind = 'password_changed' AND subject_id = $1", _id));
        Assert.Contains("password", (await host.MailToAsync($"{_username}@example.com")), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Of_two_changes_at_once_one_wins_and_sign_ins_under_way_with_the_old_password_lead_nowhere()
    {
        for (var round = 0; round < 5; round++)
        {
            var (username, id) = await host.Client.RegisterAsync();
            var token = await host.Client.AccessTokenAsync(username);
            var signIns = Enumerable.Range(0, 3).Select(_ => host.Client.PasswordGrantAsync(username, BackChannel.Password)).ToList();
            var changes = await Task.WhenAll(host.Nodes.Select((node, i) => node.Client.AskAsync(
                "PATCH", "/users", token, UsersApi.Json(new { old_password = BackChannel.Password, new_password = $"{NewPassword} {i}" }))));
            Assert.Equal([200, 401], changes.Select(c => c.Status).Order());
            await Task.WhenAll(signIns);
            await host.FeedReadAsync();
            foreach (var signIn in signIns)
            {
                var answer = await (await signIn).JsonAsync();
                if (answer["access_token"]?.GetValue<string>() is { } stale)
                    await host.EventuallyRefusedAsync(stale);
            }
            Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM sessions WHERE user_id = $1 AND ended_at IS NULL", id));
        }
    }

    [Theory]
    [InlineData("/users/current")]
    [InlineData("/users")]
    public async Task Deleting_oneself_asks_for_the_password_or_a_sign_in_of_the_last_five_minutes(string path)
    {
        await host.ExecuteAsync("UPDATE sessions SET auth_time = identity_now() - interval '6 minutes' WHERE user_id = $1", _id);
        (await host.Client.AskAsync("DELETE", path, _token)).MustBe(400, "invalid_request");
        (await host.Client.AskAsync("DELETE", path, _token, UsersApi.Json(new { password = "not this one" }))).MustBe(401, "invalid_credentials");
        var (second, secondId) = await host.Client.RegisterAsync();
        (await host.Client.AskAsync("DELETE", path, await host.Client.AccessTokenAsync(second))).MustBe(200);
        (await host.Client.AskAsync("DELETE", path, _token, UsersApi.Form(("password", BackChannel.Password)))).MustBe(200);
        await host.EventuallyRefusedAsync(_token);
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM users WHERE id IN ($1, $2)", _id, secondId));
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE kind = 'user_deleted' AND subject_id = $1", _id));
    }

    [Fact]
    public async Task Sessions_are_listed_and_signed_out_one_by_one_or_all()
    {
        var other = await host.Client.AccessTokenAsync(_username);
        var third = await host.Client.AccessTokenAsync(_username);
        var list = await host.Client.AskAsync("GET", "/users/current/sessions", _token);
        list.MustBe(200);
        var sessions = list.Data.AsArray();
        Assert.Equal(3, sessions.Count);
        Assert.Single(sessions, s => s!["current"]!.GetValue<bool>());
        Assert.All(sessions, s => Assert.Matches("^[0-9]{4}-.*Z$", s!["signed_in_at"]!.GetValue<string>()));
        var otherId = (await host.Client.AskAsync("GET", "/users/current/sessions", other)).Data.AsArray().Single(s => s!["current"]!.GetValue<bool>())!["id"]!.GetValue<string>();

        // Somebody else's is none.
        var (stranger, _) = await host.Client.RegisterAsync();
        var strange = await host.Client.AccessTokenAsync(stranger);
        foreach (var id in new[] { otherId, Guid.Empty.ToString("N"), "x" })
            (await host.Client.AskAsync("DELETE", $"/users/current/sessions/{id}", strange)).MustBe(404, "not_found");
        (await host.Client.AskAsync("GET", "/users/current", other)).MustBe(200);

        var ended = await host.Nodes[0].Client.AskAsync("DELETE", $"/users/current/sessions/{otherId}", _token);
        ended.MustBe(200);
        await host.EventuallyRefusedAsync(other, host.Nodes[0]);
        (await host.Client.AskAsync("DELETE", $"/users/current/sessions/{otherId}", _token)).MustBe(404, "not_found");
        (await host.Client.AskAsync("GET", "/users/current", third)).MustBe(200);

        (await host.Nodes[1].Client.AskAsync("DELETE", "/users/current/sessions", _token)).MustBe(200);
        await host.EventuallyRefusedAsync(_token, host.Nodes[1]);
        await host.EventuallyRefusedAsync(third);
    }

    [Fact, Case(170)]
    public async Task Nobody_else_gets_in()
    {
        var service = await host.Client.ServiceTokenAsync();
        var manage = await host.Client.AccessTokenAsync(HostFixture.AdminName, HostFixture.AdminPassword, ("scope", "users:manage"));
        foreach (var (method, path) in new[]
        {
            ("PATCH", "/users/current"), ("PATCH", "/user"), ("PATCH", "/users/current/password"), ("PATCH", "/users"), ("DELETE", "/users/current"), ("DELETE", "/users"),
            ("GET", "/users/current/sessions"), ("DELETE", "/users/current/sessions"), ("DELETE", "/users/current/sessions/x"),
        })
        {
            (await host.Client.AskAsync(method, path)).MustBe(401, "unauthorized");
            (await host.Client.AskAsync(method, path, service)).MustBe(403, "forbidden");
            (await host.Client.AskAsync(method, path, manage)).MustBe(403, "insufficient_scope");
        }
    }

    [Fact, Case(175)]
    public async Task Of_two_changes_with_one_version_the_second_is_refused()
    {
        (await host.Client.AskAsync("PATCH", "/users/current", _token, UsersApi.Json(new { name = "Aan" }))).MustBe(200);
        foreach (var (method, path, body) in new (string, string, object)[]
        {
            ("PATCH", "/users/current", new { name = "Budi" }), ("PATCH", "/user", new { weight = 60 }), ("PUT", $"/users/{_id}", new { name = "Citra" }),
            ("PATCH", "/users/current/password", new { old_password = BackChannel.Password, new_password = NewPassword }), ("DELETE", "/users/current", new { password = NewPassword }),
        })
        {
            var tag = (await host.Client.AskAsync("GET", "/users/current", _token)).Header("etag")!;
            (await host.Client.AskAsync(method, path, _token, UsersApi.Json(body), ("If-Match", "\"v999\""))).MustBe(412, "precondition_failed");
            var first = await host.Client.AskAsync(method, path, _token, UsersApi.Json(body), ("If-Match", tag));
            first.MustBe(200);
            if (method == "DELETE")
                continue;
            Assert.NotEqual(tag, first.Header("etag"));
            (await host.Client.AskAsync(method, path, _token, UsersApi.Json(body), ("If-Match", tag))).MustBe(412, "precondition_failed");
        }
        // In parallel, over both nodes.
        var (username, _) = await host.Client.RegisterAsync();
        var token = await host.Client.AccessTokenAsync(username);
        var seen = (await host.Client.AskAsync("GET", "/users/current", token)).Header("etag")!;
        var both = await Task.WhenAll(host.Nodes.Select((node, i) =>
            node.Client.AskAsync("PATCH", "/users/current", token, UsersApi.Json(new { name = $"Name {i}" }), ("If-Match", seen))));
        Assert.Equal([200, 412], both.Select(b => b.Status).Order());
    }

    Task<Answer> ChangeAsync(string path, params (string, string)[] fields) =>
        host.Client.AskAsync("PATCH", path, _token, UsersApi.Json(fields.ToDictionary(f => f.Item1, f => f.Item2)));

    static string Text(Answer answer, string member) => answer.Data[member]!.GetValue<string>();

    static decimal Number(Answer answer, string member) => answer.Data[member]!.GetValue<decimal>();
}
