using System.Text.Json.Nodes;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Users;

/// <summary><c>Idempotency-Key</c> on what creates: one account, and the same answer for whoever asks again.</summary>
[Collection(SharedHost.Name)]
public sealed class IdempotencyTests(HostFixture host)
{
    [Theory]
    [InlineData("/users/register")]
    [InlineData("/auth/register")]
    [InlineData("/users")]
    [InlineData("/user")]
    public async Task Two_at_once_over_two_nodes_make_one_account(string door)
    {
        for (var round = 0; round < 3; round++)
        {
            var (name, key) = (BackChannel.NewName(), Guid.NewGuid().ToString());
            var body = new { username = name, password = BackChannel.Password, email = $"{name}@example.com" };
            var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(i =>
                host.Nodes[i % 2].Client.AskAsync("POST", door, null, UsersApi.Json(body), ("Idempotency-Key", key))));
            Assert.All(answers, a => a.MustBe(201));
            Assert.Single(answers.Select(a => a.Data["id"]!.GetValue<long>()).Distinct());
            Assert.Single(answers.Select(a => a.Header("etag")).Distinct());
            Assert.Equal(5, answers.Count(a => a.Header("idempotency-replayed") == "true"));
            Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM users WHERE user_name = $1", name));
            // Without the key, or with another, it is what it is.
            (await host.Client.PostAsync(door, body)).MustBe(409);
            (await host.Client.PostAsync(door, body, ("Idempotency-Key", key + "x"))).MustBe(409);
        }
    }

    [Fact]
    public async Task A_key_is_for_one_request()
    {
        var (name, key) = (BackChannel.NewName(), Guid.NewGuid().ToString());
        (await host.Client.PostAsync("/users/register", Body(name), ("Idempotency-Key", key))).MustBe(201);
        foreach (var node in host.Nodes)
            (await node.Client.PostAsync("/users/register", Body(BackChannel.NewName()), ("Idempotency-Key", key))).MustBe(422, "idempotency_key_reused");
        // Another operation has keys of its own.
        (await host.Client.PostAsync("/users", Body(BackChannel.NewName()), ("Idempotency-Key", key))).MustBe(201);
        foreach (var bad in new[] { "", new string('k', 256) })
            (await host.Client.AskAsync("POST", "/users/register", null, UsersApi.Json(Body(BackChannel.NewName())), ("Idempotency-Key", bad))).MustBe(400, "invalid_request");
        // A form that is sent again has another boundary.
        var other = BackChannel.NewName();
        for (var i = 0; i < 2; i++)
        {
            var form = UsersApi.Multipart(("username", other), ("password", BackChannel.Password));
            (await host.Client.AskAsync("POST", "/users/register", null, form, ("Idempotency-Key", key + "form"))).MustBe(201);
        }
    }

    [Fact]
    public async Task What_was_refused_is_not_kept()
    {
        var (name, key) = (BackChannel.NewName(), Guid.NewGuid().ToString());
        (await host.Client.PostAsync("/users/register", new { username = name, password = "short" }, ("Idempotency-Key", key))).MustBe(400, "weak_password");
        (await host.Client.PostAsync("/users/register", Body(name), ("Idempotency-Key", key))).MustBe(201);
        // A bad token is 401 and uses nothing up.
        (await host.Client.AskAsync("POST", "/users", "nonsense", UsersApi.Json(Body(name)), ("Idempotency-Key", key))).MustBe(401, "unauthorized");
        // The login of seed 002 makes nothing: its answer, with tokens, is kept nowhere.
        var rows = await host.ScalarAsync<long>("SELECT count(*) FROM idempotency_keys");
        (await host.Client.AskAsync("POST", "/user", null, UsersApi.Form(("email", $"{name}@example.com"), ("password", BackChannel.Password)), ("Idempotency-Key", key + "x"))).MustBe(200);
        Assert.InRange(await host.ScalarAsync<long>("SELECT count(*) FROM idempotency_keys"), rows, rows + 20);
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM idempotency_keys WHERE status = 200"));
    }

    [Fact]
    public async Task An_answer_is_kept_for_a_day_and_encrypted()
    {
        var (name, key) = (BackChannel.NewName(), Guid.NewGuid().ToString());
        (await host.Client.PostAsync("/users/register", Body(name), ("Idempotency-Key", key))).MustBe(201);
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM idempotency_keys WHERE position(convert_to($1, 'UTF8') in protected_answer) > 0", name));
        Assert.True(await host.ScalarAsync<bool>(
            "SELECT bool_or(expires_at BETWEEN identity_now() + interval '23 hours' AND identity_now() + interval '24 hours 1 minute') FROM idempotency_keys WHERE status = 201"));
    }

    [Fact]
    public async Task A_generated_password_is_left_out_the_second_time()
    {
        var (name, key, admin) = (BackChannel.NewName(), Guid.NewGuid().ToString(), await host.Client.AdminTokenAsync());
        Task<Answer> CreateAsync() => host.Client.AskAsync("POST", "/users", admin, UsersApi.Json(new { email = $"{name}@example.com", name = "Aan", status = true }), ("Idempotency-Key", key));
        var first = await CreateAsync();
        first.MustBe(201);
        var second = await CreateAsync();
        second.MustBe(201);
        Assert.NotNull(first.Data["generated_password"]);
        Assert.Null(second.Data["generated_password"]);
        Assert.True(second.Data["generated_password_shown"]!.GetValue<bool>());
        Assert.Equal(first.Data["id"]!.GetValue<long>(), second.Data["id"]!.GetValue<long>());
        // Somebody else's keys are others.
        var service = await host.Client.ServiceTokenAsync();
        (await host.Client.AskAsync("POST", "/users", service, UsersApi.Json(new { email = $"{name}@example.com", name = "Aan", status = true }), ("Idempotency-Key", key))).MustBe(409, "email_taken");
    }

    static JsonObject Body(string name) => new() { ["username"] = name, ["password"] = BackChannel.Password, ["email"] = $"{name}@example.com" };
}
