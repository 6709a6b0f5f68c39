using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Users;

/// <summary>Beside the usual: an application that is never given <c>users:manage</c>.</summary>
public sealed class AccessHost(TestPostgres postgres) : HostFixture(postgres)
{
    protected override IEnumerable<KeyValuePair<string, string?>> Settings =>
    [
        new("Applications:9:ClientId", "phone"),
        new("Applications:9:GrantTypes:0", "password"),
        new("Applications:9:Scopes:0", "users:self"),
    ];
}

/// <summary>Who may do what: role and scope are both asked, and a stranger learns nothing about who exists.</summary>
public sealed class AccessTests(AccessHost host) : IClassFixture<AccessHost>
{
    [Fact, Case(166)]
    public async Task The_list_is_for_those_who_manage_users()
    {
        var (username, _) = await host.Client.RegisterAsync();
        var (user, admin, service) = (await host.Client.AccessTokenAsync(username), await host.Client.AdminTokenAsync(), await host.Client.ServiceTokenAsync());
        foreach (var node in host.Nodes)
        {
            foreach (var path in new[] { "/users", "/api/users", "/users/", "/USERS", "/users?limit=1" })
            {
                (await node.Client.AskAsync("GET", path)).MustBe(401, "unauthorized");
                (await node.Client.AskAsync("GET", path, "nonsense")).MustBe(401, "unauthorized");
                (await node.Client.AskAsync("GET", path, user)).MustBe(403, "admin_required");
                (await node.Client.AskAsync("GET", path, admin)).MustBe(200);
                (await node.Client.AskAsync("GET", path, service)).MustBe(200);
            }
        }
    }

    [Theory, Case(167)]
    [InlineData("GET", "")]
    [InlineData("HEAD", "")]
    [InlineData("PUT", "")]
    [InlineData("PATCH", "")]
    [InlineData("DELETE", "")]
    [InlineData("POST", "")]
    [InlineData("PATCH", "/status")]
    [InlineData("POST", "/password")]
    [InlineData("GET", "/picture")]
    public async Task A_strangers_account_and_none_answer_the_same(string method, string below)
    {
        var (username, own) = await host.Client.RegisterAsync();
        var (_, other) = await host.Client.RegisterAsync();
        var token = await host.Client.AccessTokenAsync(username);
        var before = await host.FingerprintAsync();
        List<Answer> answers = [];
        foreach (var node in host.Nodes)
        {
            foreach (var id in new[] { $"{other}", "1", "999999999", $"{long.MaxValue}", "0", "abc" })
            {
                var body = method is "GET" or "HEAD" ? null : UsersApi.Json(new { status = false });
                answers.Add(await node.Client.AskAsync(method, $"/users/{id}{below}", token, body));
            }
        }
        // What nobody has yet is 404 or 405 for everybody; nothing answers 2xx or 400, which would say that somebody is there.
        Assert.All(answers, a => Assert.True(a.Status is 403 or 404 or 405, $"{a.Status} {a.Text}"));
        Assert.Single(answers.Select(a => (a.Status, a.Text)).Distinct());
        if (method is "GET" or "DELETE" && below.Length == 0)
            answers[0].MustBe(403, "admin_required");
        Assert.Equal(before, await host.FingerprintAsync());
        (await host.Client.AskAsync("GET", $"/users/{own}", token)).MustBe(200);
    }

    [Fact, Case(166)]
    public async Task Without_a_token_nothing_answers()
    {
        var (_, id) = await host.Client.RegisterAsync();
        var before = await host.FingerprintAsync();
        foreach (var node in host.Nodes)
        {
            (string, string)[] calls =
                [("GET", $"/users/{id}"), ("DELETE", $"/users/{id}"), ("PATCH", $"/users/{id}/status"), ("GET", "/users/current"), ("GET", "/users/me"), ("DELETE", "/users/logout"), ("PATCH", "/logout"), ("POST", "/users/logout")];
            foreach (var (method, path) in calls)
            {
                var answer = await node.Client.AskAsync(method, path, null, method == "GET" ? null : UsersApi.Json(new { status = false }));
                answer.MustBe(401, "unauthorized");
                // RFC 6750 §3.1: who sent no token is told no error.
                Assert.StartsWith("Bearer", answer.Header("www-authenticate"), StringComparison.Ordinal);
                Assert.DoesNotContain("error", answer.Header("www-authenticate")!, StringComparison.Ordinal);
            }
        }
        Assert.Equal(before, await host.FingerprintAsync());
    }

    [Fact, Case(170)]
    public async Task A_missing_scope_is_named_in_the_challenge()
    {
        var manage = await host.Client.AccessTokenAsync(HostFixture.AdminName, HostFixture.AdminPassword, ("scope", "users:manage"));
        foreach (var node in host.Nodes)
        {
            foreach (var path in new[] { "/users/current", "/users/me", "/api/users/current" })
            {
                var answer = await node.Client.AskAsync("GET", path, manage);
                answer.MustBe(403, "insufficient_scope");
                Assert.Contains("error=\"insufficient_scope\"", answer.Header("www-authenticate")!, StringComparison.Ordinal);
                Assert.Contains("scope=\"users:self\"", answer.Header("www-authenticate")!, StringComparison.Ordinal);
            }
        }
    }

    [Fact, Case(170)]
    public async Task A_client_of_its_own_is_nobody()
    {
        var service = await host.Client.ServiceTokenAsync();
        foreach (var node in host.Nodes)
            (await node.Client.AskAsync("GET", "/users/current", service)).MustBe(403, "forbidden");
    }

    [Fact, Case(171)]
    public async Task An_admins_token_without_the_scope_manages_nobody()
    {
        var (_, other) = await host.Client.RegisterAsync();
        var phone = await TokenAsync(("client_id", "phone"));
        var narrowed = await TokenAsync(("client_id", "demo"), ("scope", "users:self"));
        var before = await host.FingerprintAsync();
        foreach (var token in new[] { phone, narrowed })
        {
            foreach (var node in host.Nodes)
            {
                (await node.Client.AskAsync("GET", "/users/current", token)).MustBe(200);
                (await node.Client.AskAsync("GET", "/users", token)).MustBe(403, "insufficient_scope");
                (await node.Client.AskAsync("GET", $"/users/{other}", token)).MustBe(403, "insufficient_scope");
                (await node.Client.AskAsync("DELETE", $"/users/{other}", token)).MustBe(403, "insufficient_scope");
                (await node.Client.SetStatusAsync(other, false, token)).MustBe(403, "insufficient_scope");
            }
        }
        Assert.Equal(before, await host.FingerprintAsync());
    }

    [Fact, Case(171)]
    public async Task The_scope_without_the_role_manages_nobody()
    {
        // The token was an admin's when it was made.
        var (username, id) = await host.Client.RegisterAsync();
        await host.PromoteAsync(id);
        var token = await host.Client.AccessTokenAsync(username);
        (await host.Client.AskAsync("GET", "/users", token)).MustBe(200);

        await host.ExecuteAsync("UPDATE users SET role = 0 WHERE id = $1", id);
        foreach (var node in host.Nodes)
            (await node.Client.AskAsync("GET", "/users", token)).MustBe(403, "admin_required");
        // A person who is no admin is not given the scope, whatever they ask for.
        using var asked = await host.Client.PasswordGrantAsync(username, BackChannel.Password, ("scope", "users:self users:manage"));
        if (asked.IsSuccessStatusCode)
            Assert.DoesNotContain("users:manage", (await asked.JsonAsync())["scope"]?.GetValue<string>() ?? "", StringComparison.Ordinal);
        else
            Assert.Equal("invalid_scope", (await asked.JsonAsync())["error"]!.GetValue<string>());
    }

    [Theory, Case(176)]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("01")]
    [InlineData("+1")]
    [InlineData("1.0")]
    [InlineData("1e309")]
    [InlineData("9223372036854775807")]
    [InlineData("9223372036854775808")]
    [InlineData("18446744073709551616")]
    [InlineData("..%2f1")]
    [InlineData("1%00")]
    [InlineData("1%20")]
    [InlineData("%EF%BC%91")]
    [InlineData("1'%20or%20'1'='1")]
    [InlineData("long")]
    public async Task An_id_that_is_none_finds_nobody(string id)
    {
        if (id == "long")
            id = new string('1', 7_000);
        var admin = await host.Client.AdminTokenAsync();
        var before = await host.FingerprintAsync();
        foreach (var node in host.Nodes)
        {
            foreach (var method in new[] { "GET", "DELETE" })
                NotThere(await node.Client.AskAsync(method, $"/users/{id}", admin));
            NotThere(await node.Client.AskAsync("PATCH", $"/users/{id}/status", admin, UsersApi.Json(new { status = false })));
        }
        Assert.Equal(before, await host.FingerprintAsync());

        void NotThere(Answer answer)
        {
            // A NUL is refused by the server before anybody looks at the path.
            if (id.Contains("%00", StringComparison.Ordinal))
                answer.MustBe(400);
            else
                answer.MustBe(404, "user_not_found");
        }
    }

    [Fact, Case(176)]
    public async Task An_id_of_ten_kilobytes_is_no_address()
    {
        var admin = await host.Client.AdminTokenAsync();
        foreach (var node in host.Nodes)
            (await node.Client.AskAsync("GET", $"/users/{new string('1', 10_240)}", admin)).MustBe(414);
    }

    async Task<string> TokenAsync(params (string, string)[] more)
    {
        using var response = await host.Client.TokenAsync(
            [("grant_type", "password"), ("username", HostFixture.AdminName), ("password", HostFixture.AdminPassword), .. more]);
        return (await response.JsonAsync())["access_token"]!.GetValue<string>();
    }
}
