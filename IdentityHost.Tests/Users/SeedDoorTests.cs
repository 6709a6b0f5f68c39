using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Users;

/// <summary>The addresses and forms by which the clients of the five seeds register, sign in and call.</summary>
[Collection(SharedHost.Name)]
public sealed class SeedDoorTests(HostFixture host)
{
    [Theory]
    [InlineData("/users/register")]
    [InlineData("/auth/register")]
    [InlineData("/users")]
    [InlineData("/user")]
    [InlineData("/api/users/register")]
    [InlineData("/api/auth/register")]
    [InlineData("/api/users")]
    [InlineData("/api/user")]
    public async Task Every_door_registers_by_json_form_and_multipart(string door)
    {
        foreach (var node in host.Nodes)
        {
            foreach (var form in new[] { "json", "form", "multipart" })
            {
                var name = BackChannel.NewName();
                (string Name, string Value)[] fields =
                    [("username", name), ("password", BackChannel.Password), ("email", $"{name}@mail.com"), ("nama", "Óda & co"), ("weight", "58.5")];
                var answer = await node.Client.AskAsync("POST", door, null, form switch
                {
                    "json" => UsersApi.Json(fields.ToDictionary(f => f.Name, f => f.Value)),
                    "form" => UsersApi.Form(fields),
                    _ => UsersApi.Multipart(fields),
                });
                answer.MustBe(201);
                Assert.Equal("success", answer.Json["status"]!.GetValue<string>());
                Assert.Equal((name, $"{name}@mail.com", "Óda & co", "USER"), (Text(answer, "username"), Text(answer, "email"), Text(answer, "name"), Text(answer, "role")));
                Assert.Equal((true, false), (answer.Data["status"]!.GetValue<bool>(), answer.Data["email_verified"]!.GetValue<bool>()));
                Assert.Equal(58.5m, answer.Data["weight"]!.GetValue<decimal>());
                Assert.EndsWith("Z", Text(answer, "created_at"), StringComparison.Ordinal);
                // What was registered on one node signs in on the other.
                (await host.Client.PostAsync("/users/login", new { username = name, password = BackChannel.Password })).MustBe(200);
            }
        }
    }

    [Theory]
    [InlineData("/users")]
    [InlineData("/user")]
    [InlineData("/api/users")]
    public async Task A_bad_token_is_never_a_registration(string door)
    {
        var (username, _) = await host.Client.RegisterAsync();
        var token = await host.Client.AccessTokenAsync(username);
        var ended = await host.Client.AccessTokenAsync(username);
        (await host.Client.AskAsync("DELETE", "/users/logout", ended)).MustBe(200);
        await host.EventuallyRefusedAsync(ended);
        var before = await host.FingerprintAsync();
        foreach (var node in host.Nodes)
        {
            Task<Answer> AskAsync(string authorization) => node.Client.AskAsync(
                "POST", door, null, UsersApi.Json(new { username = BackChannel.NewName(), password = BackChannel.Password }), ("Authorization", authorization));
            foreach (var bad in new[] { "Bearer nonsense", "nonsense", "Bearer", "Basic YTpi", $"Bearer {token}x" })
                (await AskAsync(bad)).MustBe(401, "unauthorized");
            (await AskAsync($"Bearer {ended}")).MustBe(401, "token_revoked");
            (await AskAsync($"Bearer {token}")).MustBe(403, "admin_required");
            // Without a password nobody registers: that is the operation for those who manage users.
            (await node.Client.AskAsync("POST", door, null, UsersApi.Json(new { email = "a@example.com", name = "A" }))).MustBe(401, "unauthorized");
        }
        Assert.Equal(before, await host.FingerprintAsync());
    }

    [Theory]
    [InlineData("/users/login", "username")]
    [InlineData("/auth/login", "username")]
    [InlineData("/users/login", "email")]
    [InlineData("/user", "email")]
    [InlineData("/api/users/login", "username")]
    [InlineData("/api/auth/login", "username")]
    [InlineData("/api/user", "email")]
    public async Task Every_door_signs_in(string door, string member)
    {
        var (username, id) = await host.Client.RegisterAsync();
        foreach (var node in host.Nodes)
        {
            foreach (var form in new[] { "json", "form", "multipart" })
            {
                (string Name, string Value)[] fields = [(member, member == "email" ? $"{username}@example.com" : username), ("password", BackChannel.Password)];
                var answer = await node.Client.AskAsync("POST", door, null, form switch
                {
                    "json" => UsersApi.Json(fields.ToDictionary(f => f.Name, f => f.Value)),
                    "form" => UsersApi.Form(fields),
                    _ => UsersApi.Multipart(fields),
                });
                answer.MustBe(200);
                var token = Text(answer, "access_token");
                // The same token under each name that a seed's client reads.
                Assert.Equal((token, token), (Text(answer, "token"), answer.Json["token"]!.GetValue<string>()));
                Assert.Equal(("Bearer", 600), (Text(answer, "token_type"), answer.Data["expires_in"]!.GetValue<int>()));
                Assert.Equal((id, id), (answer.Data["user"]!["id"]!.GetValue<long>(), answer.Data["data"]!["id"]!.GetValue<long>()));
                Assert.Equal("no-store", answer.Header("cache-control"));
                (await host.Client.AskAsync("GET", "/users/current", token)).MustBe(200);
            }
        }
    }

    [Theory]
    [InlineData("/users/login", "username")]
    [InlineData("/auth/login", "username")]
    [InlineData("/user", "email")]
    public async Task Unknown_and_wrong_are_one_answer(string door, string member)
    {
        var (username, _) = await host.Client.RegisterAsync();
        foreach (var node in host.Nodes)
        {
            var known = member == "email" ? $"{username}@example.com" : username;
            var wrong = await node.Client.PostAsync(door, new Dictionary<string, string> { [member] = known, ["password"] = "not this one, no" });
            var unknown = await node.Client.PostAsync(door, new Dictionary<string, string> { [member] = "x" + known, ["password"] = BackChannel.Password });
            wrong.MustBe(401, "invalid_credentials");
            Assert.Equal((wrong.Status, wrong.Text), (unknown.Status, unknown.Text));
            Assert.Equal(Stable(wrong), Stable(unknown));
        }

        static List<string> Stable(Answer answer) => [.. answer.Headers.Where(h => h.Key is not "date").Select(h => $"{h.Key}: {h.Value}").Order(StringComparer.Ordinal)];
    }

    [Fact]
    public async Task A_token_without_the_word_bearer_is_taken()
    {
        var (username, _) = await host.Client.RegisterAsync();
        var token = await host.Client.AccessTokenAsync(username);
        foreach (var node in host.Nodes)
        {
            foreach (var authorization in new[] { token, $"Bearer {token}", $"bearer {token}" })
            {
                var answer = await node.Client.AskAsync("GET", "/api/users/current", null, null, ("Authorization", authorization));
                answer.MustBe(200);
                Assert.Equal(username, Text(answer, "username"));
            }
            // Only there: a query ends in logs and histories.
            foreach (var elsewhere in new[] { $"?access_token={token}", $"?token={token}" })
                (await node.Client.AskAsync("GET", $"/users/current{elsewhere}")).MustBe(401, "unauthorized");
        }
        (await host.Client.AskAsync("DELETE", "/api/users/logout", null, null, ("Authorization", token))).MustBe(200);
        await host.EventuallyRefusedAsync(token);
        foreach (var node in host.Nodes)
            (await node.Client.AskAsync("GET", "/api/users/current", null, null, ("Authorization", token))).MustBe(401, "token_revoked");
    }

    [Theory]
    [InlineData("PATCH", "/logout")]
    [InlineData("PATCH", "/api/logout")]
    [InlineData("DELETE", "/users/logout")]
    [InlineData("GET", "/users/current")]
    public async Task Bodies_that_a_seed_sends_for_nothing_are_ignored(string method, string path)
    {
        var (username, _) = await host.Client.RegisterAsync();
        foreach (var node in host.Nodes)
        {
            var fields = new[] { ("old_password", "oda123"), ("new_password", "123oda") };
            foreach (var body in new[] { UsersApi.Multipart(fields), UsersApi.Form(fields), UsersApi.Json("{"), UsersApi.Raw([0xff], "image/png") })
                (await node.Client.AskAsync(method, path, await host.Client.AccessTokenAsync(username), body)).MustBe(200);
        }
        (await host.Client.PostAsync("/users/login", new { username, password = BackChannel.Password })).MustBe(200);
    }

    static string Text(Answer answer, string member) => answer.Data[member]!.GetValue<string>();
}
