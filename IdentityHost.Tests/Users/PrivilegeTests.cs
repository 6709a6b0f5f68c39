using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Users;

/// <summary>Nobody gets a role from somebody who has none to give: not by another spelling, and not in the moment in which they lose it.</summary>
public sealed class PrivilegeTests(AccessHost host) : IClassFixture<AccessHost>
{
    [Fact, Case(173)]
    public async Task A_role_is_given_by_an_admin_who_still_is_one()
    {
        var service = await host.Client.ServiceTokenAsync();
        var before = await host.Client.AdminTokenAsync();
        for (var round = 0; round < 8; round++)
        {
            var (name, actor) = await host.Client.RegisterAsync();
            var (_, friend) = await host.Client.RegisterAsync();
            await host.PromoteAsync(actor);
            var token = await host.Client.AccessTokenAsync(name, more: ("scope", "users:self users:manage"));
            // At once, on two nodes: the actor loses the role, and gives it to a friend.
            var answers = await Task.WhenAll(
                host.Nodes[round % 2].Client.AskAsync("PATCH", $"/users/{actor}", round % 3 == 0 ? before : service, UsersApi.Json(new { role = "USER" })),
                host.Nodes[(round + 1) % 2].Client.AskAsync("PATCH", $"/users/{friend}", token, UsersApi.Json(new { role = "ADMIN" })));
            answers[0].MustBe(200);
            Assert.True(answers[1] is { Status: 200 } or { Status: 403, Code: "admin_required" } or { Status: 401, Code: "token_revoked" }, answers[1].Text);
            // What the friend was given was given before the actor lost it: the audit is written under the lock of the actor's row.
            Assert.Equal(answers[1].Status == 200 ? 1L : 0L, await host.ScalarAsync<long>(
                """
                SELECT count(*) FROM audit_events given JOIN audit_events lost ON lost.subject_id = $1 AND lost.kind = 'role_changed' AND lost.id > given.id
                WHERE given.subject_id = $2 AND given.kind = 'role_changed' AND given.actor_id = $1
                """,
                actor, friend));
            await host.FeedReadAsync();
            var late = await host.Client.AskAsync("PATCH", $"/users/{actor}", token, UsersApi.Json(new { role = "ADMIN" }));
            Assert.True(late.Status is 401 or 403, late.Text);
            Assert.Equal((short)0, await host.ScalarAsync<short>("SELECT role FROM users WHERE id = $1", actor));
        }
    }

    [Theory, Case(173)]
    [InlineData("admin")]
    [InlineData("Admin")]
    [InlineData("ADMIN ")]
    [InlineData("USER,ADMIN")]
    [InlineData("1")]
    public async Task A_role_has_one_spelling(string role)
    {
        var (_, id) = await host.Client.RegisterAsync();
        var admin = await host.Client.AdminTokenAsync();
        (await host.Client.AskAsync("PATCH", $"/users/{id}", admin, UsersApi.Json(new { role }))).MustBe(400, "invalid_request");
        (await host.Client.AskAsync("POST", "/users", admin, UsersApi.Json(new { email = $"{BackChannel.NewName()}@example.com", name = "A", role }))).MustBe(400, "invalid_request");
    }

    [Fact, Case(168), Case(173)]
    public async Task Nobody_registers_as_an_admin()
    {
        foreach (var door in new[] { "/users/register", "/auth/register", "/users", "/user" })
        {
            foreach (var extra in new[] { "\"role\":\"ADMIN\"", "\"status\":true", "\"email_verified\":true", "\"id\":1" })
            {
                var body = $$"""{"username":"{{BackChannel.NewName()}}","password":"{{BackChannel.Password}}",{{extra}}}""";
                (await host.Client.AskAsync("POST", door, null, UsersApi.Json(body))).MustBe(400, "unknown_field");
            }
        }
    }
}
