using System.Text.Json.Nodes;
using IdentityHost.Tests.Support;
using static IdentityHost.Tests.Users.Seeds.SeedReplay;

namespace IdentityHost.Tests.Users.Seeds;

/// <summary>The document 001 User API, call by call, with its own bodies and in its language.</summary>
public sealed class Seed001Tests(SeedHost host) : IClassFixture<SeedHost>
{
    static readonly string[] Members = ["id", "email", "name", "status", "created_at", "updated_at"];

    [Fact]
    public async Task Every_call_of_the_document()
    {
        var replay = new SeedReplay("001");
        var admin = await host.Client.AdminTokenAsync();

        // Daftar pengguna
        (await AskAsync("GET", "/users", null)).MustBe(401, "unauthorized");
        replay.Differs("token needed");
        var list = await AskAsync("GET", "/users", admin);
        list.MustBe(200);
        Assert.NotEmpty(list.Data.AsArray());
        Assert.All(list.Data.AsArray(), user => MustHave(user, Members));

        // Detail pengguna
        var detail = await AskAsync("GET", "/users/1", admin);
        detail.MustBe(200);
        MustBeUser(detail.Data);
        MustNotBeFound(await AskAsync("GET", "/users/999999", admin));

        // Buat pengguna baru
        const string Create = """
            {
                "email": "user@example.com",
                "name": "User Satu",
                "status": true
            }
            """;
        (await AskAsync("POST", "/users", null, Create)).MustBe(401, "unauthorized");
        var created = await AskAsync("POST", "/users", admin, Create);
        created.MustBe(201);
        MustBeUser(created.Data);
        Assert.Equal(("user@example.com", "User Satu", true), (Text(created, "email"), Text(created, "name"), created.Data["status"]!.GetValue<bool>()));
        var id = created.Data["id"]!.GetValue<long>();
        var second = await AskAsync("POST", "/users", admin, Create.Replace("user@", "dua@", StringComparison.Ordinal));
        var (one, two) = (Text(created, "generated_password"), Text(second, "generated_password"));
        Assert.NotEqual(one, two);
        Assert.DoesNotContain(HostFixture.AdminPassword, new[] { one, two });
        (await host.Client.PostAsync("/users/login", new { username = "user@example.com", password = HostFixture.AdminPassword })).MustBe(401, "invalid_credentials");
        (await host.Client.PostAsync("/users/login", new { username = "user@example.com", password = one })).MustBe(403, "password_change_required");
        replay.Differs("a generated password per user, not one for all, and no fallback to the admin's");
        var invalid = await AskAsync("POST", "/users", admin, """{"email":"","name":"","status":true}""");
        invalid.MustBe(400);
        Assert.NotEmpty(invalid.Json["errors"]!.AsArray());
        var taken = await AskAsync("POST", "/users", admin, Create);
        taken.MustBe(409, "email_taken");
        Assert.Equal(["Email sudah terdaftar"], Errors(taken));

        // Update pengguna
        var put = await AskAsync("PUT", $"/users/{id}", admin, """{"name": "Nama Baru"}""");
        put.MustBe(200);
        MustBeUser(put.Data);
        Assert.Equal(("user@example.com", "Nama Baru"), (Text(put, "email"), Text(put, "name")));
        Assert.True(string.CompareOrdinal(Text(put, "updated_at"), Text(created, "updated_at")) >= 0);

        // Update status pengguna
        var status = await AskAsync("PATCH", $"/users/{id}/status", admin, """{"status": false}""");
        status.MustBe(200);
        MustBeUser(status.Data);
        Assert.False(status.Data["status"]!.GetValue<bool>());
        foreach (var path in new[] { "/users/abc", "/users/0", "/users/-1", "/users/999999" })
        {
            MustNotBeFound(await AskAsync("GET", path, admin));
            MustNotBeFound(await AskAsync("PUT", path, admin, """{"name": "Nama Baru"}"""));
            MustNotBeFound(await AskAsync("PATCH", $"{path}/status", admin, """{"status": false}"""));
        }
        replay.Differs("an invalid id reads \"Pengguna tidak ditemukan\" (404)");
        replay.MustBeTheTable();
    }

    static void MustBeUser(JsonNode? user)
    {
        MustHave(user, Members);
        Assert.Matches("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{3}Z$", user!["created_at"]!.GetValue<string>());
        Assert.Matches("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{3}Z$", user["updated_at"]!.GetValue<string>());
    }

    static void MustNotBeFound(Answer answer)
    {
        answer.MustBe(404, "user_not_found");
        Assert.Equal(["Pengguna tidak ditemukan"], Errors(answer));
    }

    static IEnumerable<string> Errors(Answer answer) => answer.Json["errors"]!.AsArray().Select(e => e!.GetValue<string>());

    Task<Answer> AskAsync(string method, string path, string? token, string? body = null) =>
        host.Client.AskAsync(method, path, token, body is null ? null : UsersApi.Json(body), ("Accept-Language", "id"), ("Accept", "application/json"));

    static string Text(Answer answer, string member) => answer.Data[member]!.GetValue<string>();
}
