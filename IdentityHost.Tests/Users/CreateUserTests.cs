using System.Text.RegularExpressions;
using IdentityHost.Tests.Protocol;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Users;

/// <summary>
/// <c>POST /users</c> with a token: those who manage users make accounts for others, with a password of the system's making that is shown once, opens
/// the account for a week, and only to choose another.
/// </summary>
public sealed partial class CreateUserTests(AccessHost host) : IClassFixture<AccessHost>
{
    const string Chosen = "another quiet place";

    [Theory]
    [InlineData("/users")]
    [InlineData("/user")]
    [InlineData("/api/users")]
    public async Task An_admin_or_a_client_makes_an_account_with_a_password_shown_once(string path)
    {
        foreach (var token in new[] { await host.Client.AdminTokenAsync(), await host.Client.ServiceTokenAsync() })
        {
            var local = BackChannel.NewName();
            var made = await host.Client.AskAsync("POST", path, token, UsersApi.Json(new { email = $"{local}@Example.com", name = "User Satu", status = true }));
            made.MustBe(201);
            var (id, username) = (made.Data["id"]!.GetValue<long>(), made.Data["username"]!.GetValue<string>());
            Assert.Matches($"^{local}-[0-9]{{4}}$", username);
            Assert.Equal(
                ($"{local}@example.com", "User Satu", "USER", true, true),
                (made.Data["email"]!.GetValue<string>(), made.Data["name"]!.GetValue<string>(), made.Data["role"]!.GetValue<string>(),
                    made.Data["status"]!.GetValue<bool>(), made.Data["must_change_password"]!.GetValue<bool>()));
            // Made by somebody else: whoever reads its mail has proved nothing yet, and gets the link to.
            Assert.False(made.Data["email_verified"]!.GetValue<bool>());
            Assert.StartsWith("/confirm-email?token=", await host.LinkToAsync($"{local}@example.com"), StringComparison.Ordinal);
            var password = made.Data["generated_password"]!.GetValue<string>();
            Assert.Matches(Generated(), password);
            Assert.Equal("no-store", made.Header("cache-control"));

            // Never again, whoever asks.
            foreach (var (method, again) in new[] { ("GET", $"/users/{id}"), ("GET", $"/users?q={username}") })
            {
                var read = await host.Client.AskAsync(method, again, token);
                read.MustBe(200);
                Assert.DoesNotContain(password, read.Text, StringComparison.Ordinal);
                Assert.DoesNotContain("generated_password", read.Text, StringComparison.Ordinal);
            }
        }
    }

    [Fact, Case(154)]
    public async Task The_password_opens_nothing_until_it_is_changed()
    {
        var (id, username, password) = await MakeAsync();
        foreach (var node in host.Nodes)
        {
            var refused = await node.Client.PasswordGrantAsync(username, password).RefusedAsync("invalid_grant");
            Assert.Equal("password_change_required", refused["error_code"]!.GetValue<string>());
            (await node.Client.PostAsync("/users/login", new { username, password })).MustBe(403, "password_change_required");
        }
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM sessions WHERE user_id = $1", id));
        // The generated one itself is no choice.
        await host.Client.PasswordGrantAsync(username, password, ("new_password", password)).RefusedAsync("invalid_grant");

        await host.Client.PasswordGrantAsync(username, password, ("new_password", Chosen)).GrantedAsync();
        foreach (var node in host.Nodes)
        {
            await node.Client.PasswordGrantAsync(username, password).RefusedAsync("invalid_grant");
            await node.Client.PasswordGrantAsync(username, Chosen).GrantedAsync();
        }
        Assert.Equal(
            "1/False/", await host.ScalarAsync<string>("SELECT concat_ws('/', password_origin, initcap(must_change_password::text), password_expires_at::text, '') FROM users WHERE id = $1", id));
    }

    [Fact]
    public async Task The_password_page_takes_it()
    {
        var (_, username, password) = await MakeAsync();
        var tab = new Tab(host);
        using (var asked = await tab.SignInAsync(username, password))
            Assert.StartsWith("/sign-in/new-password", asked.Headers.Location!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_a_week_it_is_no_password()
    {
        var (id, username, password) = await MakeAsync();
        var days = await host.ScalarAsync<double>("SELECT (extract(epoch FROM password_expires_at - identity_now()) / 86400)::float8 FROM users WHERE id = $1", id);
        Assert.InRange(days, 6.99, 7.0);
        await host.ExecuteAsync("UPDATE users SET password_expires_at = identity_now() WHERE id = $1", id);
        foreach (var node in host.Nodes)
        {
            var refused = await node.Client.PasswordGrantAsync(username, password, ("new_password", Chosen)).RefusedAsync("invalid_grant");
            // Word for word what any wrong password gets.
            Assert.False(refused.ContainsKey("error_code"));
        }
    }

    [Fact]
    public async Task Every_account_has_its_own()
    {
        var passwords = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < 10; i++)
            Assert.True(passwords.Add((await MakeAsync()).Password));
    }

    [Fact]
    public async Task One_local_part_makes_several_names()
    {
        var token = await host.Client.ServiceTokenAsync();
        var local = BackChannel.NewName();
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < 5; i++)
        {
            var made = await host.Client.AskAsync("POST", "/users", token, UsersApi.Json(new { email = $"{local}+tag@mail{i}.example.com", name = "N" }));
            made.MustBe(201);
            Assert.StartsWith($"{local}-", made.Data["username"]!.GetValue<string>(), StringComparison.Ordinal);
            Assert.True(names.Add(made.Data["username"]!.GetValue<string>()));
        }
    }

    [Fact]
    public async Task Role_status_and_name_are_the_makers_to_choose()
    {
        var token = await host.Client.AdminTokenAsync();
        var username = BackChannel.NewName();
        var made = await host.Client.AskAsync(
            "POST", "/users", token, UsersApi.Json(new { username, email = $"{username}@example.com", name = "Boss", status = false, role = "ADMIN" }));
        made.MustBe(201);
        Assert.Equal((username, "ADMIN", false), (made.Data["username"]!.GetValue<string>(), made.Data["role"]!.GetValue<string>(), made.Data["status"]!.GetValue<bool>()));
        var refused = await host.Client.PostAsync("/users/login", new { username, password = made.Data["generated_password"]!.GetValue<string>() });
        refused.MustBe(403, "account_disabled");
    }

    /// <summary>An Authorization header makes it no registration, whatever is in the body.</summary>
    [Theory]
    [InlineData("""{"email":"{0}@example.com","name":"N","password":"a quiet place to sit"}""", 400, "unknown_field")]
    [InlineData("""{"email":"{0}@example.com","name":"N","generated_password":"x"}""", 400, "unknown_field")]
    [InlineData("""{"email":"{0}@example.com","name":"N","email_verified":true}""", 400, "unknown_field")]
    [InlineData("""{"email":"{0}@example.com","name":"N","id":7}""", 400, "unknown_field")]
    [InlineData("""{"email":"{0}@example.com","name":"N","role":"ROOT"}""", 400, "invalid_request")]
    [InlineData("""{"email":"{0}@example.com","name":"N","status":"maybe"}""", 400, "invalid_request")]
    [InlineData("""{"email":"{0}@example.com"}""", 400, "invalid_name")]
    [InlineData("""{"email":"{0}@example.com","name":""}""", 400, "invalid_name")]
    [InlineData("""{"name":"N"}""", 400, "invalid_email")]
    [InlineData("""{"email":"{0}","name":"N"}""", 400, "invalid_email")]
    [InlineData("""{"username":"a b","email":"{0}@example.com","name":"N"}""", 400, "invalid_username")]
    [InlineData("""{"username":"admin","email":"{0}@example.com","name":"N"}""", 409, "username_taken")]
    [InlineData("""{"email":"ADMIN@example.com","name":"N"}""", 409, "email_taken")]
    public async Task What_is_not_the_makers_to_say_is_refused_and_nothing_is_made(string body, int status, string code)
    {
        var token = await host.Client.AdminTokenAsync();
        var before = await host.FingerprintAsync();
        foreach (var node in host.Nodes)
        {
            var answer = await node.Client.AskAsync("POST", "/users", token, UsersApi.Json(body.Replace("{0}", BackChannel.NewName(), StringComparison.Ordinal)));
            answer.MustBe(status, code);
        }
        Assert.Equal(before, await host.FingerprintAsync());
    }

    [Fact, Case(166)]
    public async Task Nobody_else_makes_accounts()
    {
        var (username, _) = await host.Client.RegisterAsync();
        var user = await host.Client.AccessTokenAsync(username);
        var narrowed = await host.Client.AccessTokenAsync(HostFixture.AdminName, HostFixture.AdminPassword, ("scope", "users:self"));
        var before = await host.FingerprintAsync();
        foreach (var node in host.Nodes)
        {
            foreach (var body in new object[] { new { email = "x@example.com", name = "N" }, new { username = "registers", password = BackChannel.Password } })
            {
                (await node.Client.AskAsync("POST", "/users", user, UsersApi.Json(body))).MustBe(403, "admin_required");
                (await node.Client.AskAsync("POST", "/users", narrowed, UsersApi.Json(body))).MustBe(403, "insufficient_scope");
                (await node.Client.AskAsync("POST", "/users", "nonsense", UsersApi.Json(body))).MustBe(401, "unauthorized");
            }
            (await node.Client.PostAsync("/users", new { email = "x@example.com", name = "N" })).MustBe(401, "unauthorized");
        }
        Assert.Equal(before, await host.FingerprintAsync());
    }

    [Fact, Case(213)]
    public async Task The_audit_says_who_made_it_and_no_log_has_the_password()
    {
        var (id, _, password) = await MakeAsync();
        var adminId = await host.ScalarAsync<long>("SELECT id FROM users WHERE user_name = $1", HostFixture.AdminName);
        Assert.Equal($"user_created/{adminId}/demo/127.0.0.1", await host.ScalarAsync<string>(
            "SELECT string_agg(concat_ws('/', kind, actor_id, client_id, address), ',') FROM audit_events WHERE subject_id = $1", id));
        foreach (var node in host.Nodes)
            Assert.DoesNotContain(node.Log.Lines, l => l.Contains(password, StringComparison.Ordinal));
        Assert.False(await host.ScalarAsync<bool>("SELECT bool_or(u::text LIKE '%' || $1 || '%') FROM users u", password));
        Assert.False(await host.ScalarAsync<bool>("""SELECT bool_or(m::text LIKE '%' || $1 || '%') FROM mail m""", password));
    }

    async Task<(long Id, string Username, string Password)> MakeAsync()
    {
        var made = await host.Client.AskAsync(
            "POST", "/users", await host.Client.AdminTokenAsync(), UsersApi.Json(new { email = $"{BackChannel.NewName()}@example.com", name = "User Satu" }));
        made.MustBe(201);
        return (made.Data["id"]!.GetValue<long>(), made.Data["username"]!.GetValue<string>(), made.Data["generated_password"]!.GetValue<string>());
    }

    [GeneratedRegex("^([A-HJ-NP-Za-km-z2-9]{5}-){3}[A-HJ-NP-Za-km-z2-9]{5}$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Generated();
}
