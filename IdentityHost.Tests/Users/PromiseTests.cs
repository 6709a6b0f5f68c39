using System.Text.Json.Nodes;
using IdentityHost.Tests.Protocol;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Users;

/// <summary>Sentences of the API's description that belong to no other class: what a login grants, what a logout of a client says, what is left of the deleted.</summary>
[Collection(SharedHost.Name)]
public sealed class PromiseTests(HostFixture host)
{
    [Fact]
    public async Task A_login_grants_the_own_account_and_an_admins_everybodys()
    {
        var (username, id) = await host.Client.RegisterAsync();
        Assert.Null((await host.Client.AskAsync("GET", $"/users/{id}", await host.Client.ServiceTokenAsync())).Data["last_sign_in_at"]);
        var person = await host.Client.PostAsync("/users/login", new { username, password = BackChannel.Password });
        Assert.Equal("users:self", person.Data["scope"]!.GetValue<string>());
        Assert.Matches("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{3}Z$", person.Data["user"]!["last_sign_in_at"]!.GetValue<string>());
        Assert.Equal(["password"], person.Data["user"]!["sign_in_methods"]!.AsArray().Select(m => m!.GetValue<string>()));
        var admin = await host.Client.PostAsync("/users/login", new { username = "admin@example.com", password = HostFixture.AdminPassword });
        Assert.Equal(["users:manage", "users:self"], admin.Data["scope"]!.GetValue<string>().Split(' ').Order(StringComparer.Ordinal));
        (await host.Client.AskAsync("GET", "/users?limit=1", admin.Data["token"]!.GetValue<string>())).MustBe(200);

        // The refresh token is the built-in client's, and goes with the login.
        var refreshed = await host.Client.TokenAsync(
            ("grant_type", "refresh_token"), ("client_id", "identityhost"), ("refresh_token", person.Data["refresh_token"]!.GetValue<string>())).GrantedAsync();
        var token = refreshed["access_token"]!.GetValue<string>();
        (await host.Client.AskAsync("POST", "/users/logout", token)).MustBe(200);
        await host.EventuallyRefusedAsync(token);
        await host.EventuallyRefusedAsync(person.Data["token"]!.GetValue<string>());
        await host.Client.TokenAsync(("grant_type", "refresh_token"), ("client_id", "identityhost"), ("refresh_token", refreshed["refresh_token"]!.GetValue<string>()))
            .RefusedAsync("invalid_grant");
    }

    /// <summary>There is no second factor yet, so nobody is told to send one.</summary>
    [Fact]
    public async Task A_one_time_password_is_no_member_and_nowhere_advertised()
    {
        var (username, _) = await host.Client.RegisterAsync();
        (await host.Client.PostAsync("/users/login", new { username, password = BackChannel.Password, otp = "123456" })).MustBe(400, "unknown_field");
        foreach (var path in new[] { "/openapi/v1.json", "/docs", "/.well-known/openid-configuration" })
        {
            var text = await host.Client.GetStringAsync(new Uri(path, UriKind.Relative));
            Assert.DoesNotContain("second_factor", text, StringComparison.Ordinal);
            Assert.DoesNotContain("\"otp\"", text, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("DELETE", "/users/logout")]
    [InlineData("POST", "/users/logout")]
    [InlineData("PATCH", "/logout")]
    public async Task A_clients_own_token_logs_out_too_and_is_nobody(string method, string path)
    {
        foreach (var node in host.Nodes)
        {
            var service = await node.Client.ServiceTokenAsync();
            var answer = await node.Client.AskAsync(method, path, service);
            answer.MustBe(200);
            Assert.Equal(("OK", """{"username":null,"name":null}"""), (answer.Data.GetValue<string>(), answer.Json["details"]!.ToJsonString()));
            (await node.Client.AskAsync("GET", "/users?limit=1", service)).MustBe(401, "token_revoked");
        }
        (await host.Client.AskAsync("GET", "/users?limit=1", await host.Client.ServiceTokenAsync())).MustBe(200);
    }

    [Fact]
    public async Task An_address_that_waits_is_shown_to_its_person_and_to_admins_and_an_admins_holds_at_once()
    {
        var (username, id) = await host.Client.RegisterAsync();
        var (token, admin) = (await host.Client.AccessTokenAsync(username), await host.Client.AdminTokenAsync());
        var wanted = $"{BackChannel.NewName()}@example.com";
        (await host.Client.AskAsync("PATCH", "/users/current", token, UsersApi.Json(new { email = wanted }))).MustBe(200);
        foreach (var answer in new[] { await host.Client.AskAsync("GET", $"/users/{id}", admin), await host.Client.AskAsync("GET", "/users/me", token) })
            Assert.Equal((wanted, $"{username}@example.com"), (answer.Data["pending_email"]!.GetValue<string>(), answer.Data["email"]!.GetValue<string>()));
        Assert.Equal(wanted, Assert.Single((await host.Client.AskAsync("GET", $"/users?q={username}", admin)).Data.AsArray())!["pending_email"]!.GetValue<string>());

        var chosen = $"{BackChannel.NewName()}@example.com";
        var put = await host.Client.AskAsync("PUT", $"/users/{id}", admin, UsersApi.Json(new { email = chosen }));
        put.MustBe(200);
        Assert.Equal((chosen, false), (put.Data["email"]!.GetValue<string>(), put.Data["email_verified"]!.GetValue<bool>()));
        // What the person asked for is no longer what the account waits for.
        Assert.Null(put.Data["pending_email"]);
    }

    [Fact]
    public async Task Of_who_is_deleted_the_audit_keeps_the_id_alone()
    {
        var (username, id) = await host.Client.RegisterAsync();
        var token = await host.Client.AccessTokenAsync(username);
        (await host.Client.AskAsync("PATCH", "/users/current", token, UsersApi.Json(new { name = "Aan Unmistakable" }))).MustBe(200);
        (await host.Client.AskAsync("DELETE", $"/users/{id}", await host.Client.AdminTokenAsync())).MustBe(200);
        foreach (var table in new[] { "users", "sign_in_states", "user_pictures", "user_logins", "sessions", "grants", "account_tokens" })
            Assert.Equal(0, await host.ScalarAsync<long>($"SELECT count(*) FROM {table} t WHERE to_jsonb(t) ->> $1 = $2", table == "users" ? "id" : "user_id", $"{id}"));
        Assert.InRange(await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE subject_id = $1", id), 2, 20);
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events e WHERE e::text ILIKE '%' || $1 || '%' OR e::text LIKE '%Unmistakable%'", username));
    }

    [Fact]
    public async Task Whoever_asks_below_api_is_sent_to_addresses_without_it()
    {
        var admin = await host.Client.AdminTokenAsync();
        await host.Client.RegisterAsync();
        var list = await host.Client.AskAsync("GET", "/api/users?limit=1&sort=-id", admin);
        Assert.StartsWith("</users?limit=1&sort=-id&after=", list.Header("link"), StringComparison.Ordinal);
        var next = list.Header("link")!;
        (await host.Client.AskAsync("GET", "/api" + next[1..next.IndexOf('>', StringComparison.Ordinal)], admin)).MustBe(200);
    }

    [Fact]
    public async Task A_write_is_seen_by_the_next_read_on_the_other_node()
    {
        var (username, id) = await host.Client.RegisterAsync();
        var token = await host.Client.AccessTokenAsync(username);
        for (var i = 0; i < 20; i++)
        {
            var (writer, reader) = (host.Nodes[i % 2].Client, host.Nodes[(i + 1) % 2].Client);
            var written = await writer.AskAsync("PATCH", "/users/current", token, UsersApi.Json(new { name = $"Name {i}" }));
            var read = await reader.AskAsync("GET", $"/users/{id}", token);
            Assert.Equal((written.Header("etag"), $"Name {i}"), (read.Header("etag"), read.Data["name"]!.GetValue<string>()));
        }
    }

    /// <summary>A stolen token is not a way round the limits of a sign-in.</summary>
    [Theory]
    [InlineData("PATCH", "/users/current/password", """{"old_password":"not this one, no","new_password":"another quiet place"}""")]
    [InlineData("PATCH", "/users/current", """{"old_password":"not this one, no","password":"another quiet place"}""")]
    [InlineData("DELETE", "/users/current", """{"password":"not this one, no"}""")]
    public async Task Guesses_of_the_own_password_are_counted(string method, string path, string body)
    {
        var (username, _) = await host.Client.RegisterAsync();
        var token = await host.Client.AccessTokenAsync(username);
        Answer answer;
        var tries = 0;
        do
        {
            answer = await host.Client.AskAsync(method, path, token, UsersApi.Json(body));
            Assert.True(answer.Code is "invalid_credentials" or "too_many_requests", answer.Text);
        }
        while (answer.Status == 401 && ++tries < 30);
        answer.MustBe(429, "too_many_requests");
        Assert.InRange(long.Parse(answer.Header("retry-after")!, System.Globalization.CultureInfo.InvariantCulture), 1, 86_400);
        // The right one is not heard either, and the token itself goes on.
        (await host.Client.AskAsync(method, path, token, UsersApi.Json(body.Replace("not this one, no", BackChannel.Password, StringComparison.Ordinal)))).MustBe(429, "too_many_requests");
        (await host.Client.AskAsync("GET", "/users/current", token)).MustBe(200);
    }

    [Fact]
    public async Task Registration_without_an_address_and_with_null_for_what_is_optional()
    {
        var username = BackChannel.NewName();
        var answer = await host.Client.PostAsync(
            "/users/register", new { username, password = BackChannel.Password, email = (string?)null, name = (string?)null, weight = (decimal?)null, height = (decimal?)null });
        answer.MustBe(201);
        foreach (var member in new[] { "email", "name", "weight", "height", "profile_picture", "last_sign_in_at" })
        {
            Assert.True(answer.Data.AsObject().ContainsKey(member), member);
            Assert.Null(answer.Data[member]);
        }
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM account_tokens WHERE user_id = $1", answer.Data["id"]!.GetValue<long>()));
        // With one, its owner gets the link.
        var (named, _) = await host.Client.RegisterAsync();
        Assert.StartsWith("/confirm-email?token=", await host.LinkToAsync($"{named}@example.com"), StringComparison.Ordinal);
    }
}
