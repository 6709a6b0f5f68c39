using IdentityHost.Tests.Support;
using static IdentityHost.Tests.Users.Seeds.SeedReplay;

namespace IdentityHost.Tests.Users.Seeds;

/// <summary>The document 003 User API Spec (/auth and /users/current), call by call, with its own bodies.</summary>
public sealed class Seed003Tests(ShortPasswordsHost host) : IClassFixture<ShortPasswordsHost>
{
    [Fact]
    public async Task Every_call_of_the_document()
    {
        var replay = new SeedReplay("003");
        var admin = await host.Client.AdminTokenAsync();

        // Register User
        const string Register = """
            {
                "username": "fzsptr",
                "name": "fauzi",
                "password": "rahasia",
                "weight": 58.5
            }
            """;
        var registered = await AskAsync("POST", "/auth/register", null, Register);
        registered.MustBe(201);
        replay.Differs("register is 201");
        Assert.Equal("success", registered.Json["status"]!.GetValue<string>());
        Assert.NotEmpty(registered.Message);
        MustHave(registered.Data, "id", "username", "name", "weight", "role");
        Assert.Equal((58.5m, "USER"), (registered.Data["weight"]!.GetValue<decimal>(), registered.Data["role"]!.GetValue<string>()));
        var id = registered.Data["id"]!.GetValue<long>();
        var blank = await AskAsync("POST", "/auth/register", null, Register.Replace("fzsptr", "", StringComparison.Ordinal));
        MustFail(blank, 400);

        // Login User
        var login = await AskAsync("POST", "/auth/login", null, """{"username": "fzsptr", "password": "rahasia"}""");
        login.MustBe(200);
        Assert.Equal("success", login.Json["status"]!.GetValue<string>());
        MustHave(login.Data, "access_token", "token_type", "expires_in", "user");
        MustHave(login.Data["user"], "id", "username", "name", "role");
        Assert.Equal(("Bearer", 600), (login.Data["token_type"]!.GetValue<string>(), login.Data["expires_in"]!.GetValue<int>()));
        replay.Differs("`expires_in` is seconds");
        var token = login.Data["access_token"]!.GetValue<string>();
        MustFail(await AskAsync("POST", "/auth/login", null, """{"username": "fzsptr"}"""), 400);
        MustFail(await AskAsync("POST", "/auth/login", null, """{"username": "fzsptr", "password": "salah1"}"""), 401);

        // Get User
        var current = await AskAsync("GET", "/users/current", token);
        current.MustBe(200);
        MustHave(current.Data, "id", "name", "height", "weight", "role", "created_at", "updated_at");
        Assert.Null(current.Data["createdAt"]);
        Assert.Null(registered.Data["createdAt"]);
        Assert.Matches("^[0-9-]{10}T[0-9:]{8}\\.[0-9]{3}Z$", current.Data["created_at"]!.GetValue<string>());
        replay.Differs("snake_case dates");
        var without = await AskAsync("GET", "/users/current", null);
        MustFail(without, 401);
        Assert.Equal("Unauthorized", without.Message);

        // Update User
        const string Printed = """
            "name": "fauzi",
            "weight": "60"
            """;
        (await AskAsync("PATCH", "/users/current", token, Printed)).MustBe(400, "invalid_request");
        replay.Differs("its PATCH body is not JSON as printed (braces added)");
        var updated = await AskAsync("PATCH", "/users/current", token, "{" + Printed + "}");
        updated.MustBe(200);
        MustHave(updated.Data, "id", "name", "height", "weight", "role", "updated_at");
        Assert.Equal(("User updated successfully", 60m), (updated.Message, updated.Data["weight"]!.GetValue<decimal>()));
        var heavy = await AskAsync("PATCH", "/users/current", token, """{"name": "fauzi", "weight": "heavy"}""");
        heavy.MustBe(400, "invalid_weight");
        Assert.Equal("Invalid weight", heavy.Message);
        MustFail(await AskAsync("PATCH", "/users/current", null, "{" + Printed + "}"), 401);

        // Delete User
        var forbidden = await AskAsync("DELETE", "/users/1", token);
        MustFail(forbidden, 403);
        Assert.Equal("Forbidden: Admin access required", forbidden.Message);
        var missing = await AskAsync("DELETE", "/users/999999", admin);
        MustFail(missing, 404);
        Assert.Equal("User not found", missing.Message);
        var deleted = await AskAsync("DELETE", $"/users/{id}", admin);
        deleted.MustBe(200);
        Assert.Equal(("success", "User deleted successfully"), (deleted.Json["status"]!.GetValue<string>(), deleted.Message));
        replay.MustBeTheTable();
    }

    static void MustFail(Answer answer, int status)
    {
        answer.MustBe(status);
        Assert.Equal("error", answer.Json["status"]!.GetValue<string>());
        Assert.NotEmpty(answer.Message);
    }

    Task<Answer> AskAsync(string method, string path, string? token, string? body = null) =>
        host.Client.AskAsync(method, path, token, body is null ? null : UsersApi.Json(body));
}
