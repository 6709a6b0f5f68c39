using IdentityHost.Tests.Support;
using static IdentityHost.Tests.Users.Seeds.SeedReplay;

namespace IdentityHost.Tests.Users.Seeds;

/// <summary>The document 000 Horus, call by call, with its own bodies and in its language.</summary>
public sealed class Seed000Tests(SeedHost host) : IClassFixture<SeedHost>
{
    [Fact]
    public async Task Every_call_of_the_document()
    {
        var replay = new SeedReplay("000");
        var admin = await host.Client.AdminTokenAsync();

        // POST /users/register
        const string Register = """{ "username": "aan", "password": "Passw0rd123", "email": "aan@example.com", "nama": "Aan" }""";
        (await AskAsync("POST", "/users/register", null, Register.Replace("aan@example.com", "aan", StringComparison.Ordinal))).MustBe(400, "invalid_email");
        (await AskAsync("POST", "/users/register", null, Register.Replace("Passw0rd123", "12345", StringComparison.Ordinal))).MustBe(400, "weak_password");
        var registered = await AskAsync("POST", "/users/register", null, Register);
        registered.MustBe(201);
        Assert.Equal("Registrasi berhasil", registered.Message);
        (await AskAsync("POST", "/users/register", null, Register.Replace("aan@", "budi@", StringComparison.Ordinal))).MustBe(409, "username_taken");
        var again = await AskAsync("POST", "/users/register", null, Register.Replace("\"aan\"", "\"budi\"", StringComparison.Ordinal));
        again.MustBe(409, "email_taken");
        Assert.Equal("Email sudah terdaftar", again.Message);

        // POST /users/login
        const string Login = """{ "username": "aan", "password": "Passw0rd123" }""";
        var login = await AskAsync("POST", "/users/login", null, Login);
        login.MustBe(200);
        Assert.Equal("Login berhasil", login.Message);
        var token = login.Json["token"]!.GetValue<string>();
        var id = login.Data["user"]!["id"]!.GetValue<long>();

        // GET /users
        (await AskAsync("GET", "/users")).MustBe(401, "unauthorized");
        (await AskAsync("GET", "/users", token)).MustBe(403, "admin_required");
        var list = await AskAsync("GET", "/users", admin);
        list.MustBe(200);
        replay.Differs("list needs `users:manage` (it holds every e-mail)");
        Assert.All(list.Data.AsArray(), user => MustHave(user, "id", "username", "email", "nama"));
        Assert.Contains(list.Data.AsArray(), user => user!["username"]!.GetValue<string>() == "aan" && user["nama"]!.GetValue<string>() == "Aan");
        Assert.DoesNotContain("\"password\":", list.Text, StringComparison.Ordinal);

        // GET /users/<id>
        var detail = await AskAsync("GET", $"/users/{id}", token);
        detail.MustBe(200);
        MustHave(detail.Data, "id", "username", "email", "nama");
        Assert.Equal((id, "aan", "aan@example.com", "Aan"), (detail.Data["id"]!.GetValue<long>(), Text(detail, "username"), Text(detail, "email"), Text(detail, "nama")));
        replay.Differs("bare objects and arrays stand under `data`");

        // PUT /users/<id>
        const string Put = """{ "username": "aanv", "email": "aanv@example.com", "nama": "Aan V" }""";
        (await AskAsync("PUT", $"/users/{id}", null, Put)).MustBe(401, "unauthorized");
        var put = await AskAsync("PUT", $"/users/{id}", token, Put);
        put.MustBe(200);
        Assert.Equal(("Data user berhasil diperbarui", "aanv", "Aan V"), (put.Message, Text(put, "username"), Text(put, "nama")));
        // As everybody's own new address, it waits until it is confirmed.
        Assert.Equal("aanv@example.com", Text(put, "pending_email"));
        (await AskAsync("PUT", "/users/1", token, Put)).MustBe(403);
        var missing = await AskAsync("PUT", "/users/999999", admin, Put);
        missing.MustBe(404, "user_not_found");
        Assert.Equal("Pengguna tidak ditemukan", missing.Message);

        // DELETE /users/<id>
        (await AskAsync("DELETE", "/users/1", token)).MustBe(403);
        (await AskAsync("DELETE", "/users/999999", admin)).MustBe(404, "user_not_found");
        var deleted = await AskAsync("DELETE", $"/users/{id}", token);
        deleted.MustBe(200);
        Assert.Equal("User berhasil dihapus", deleted.Message);
        await host.EventuallyRefusedAsync(token);
        (await AskAsync("GET", $"/users/{id}", token)).MustBe(401);
        replay.MustBeTheTable();
    }

    Task<Answer> AskAsync(string method, string path, string? token = null, string? body = null) =>
        host.Client.AskAsync(method, path, token, body is null ? null : UsersApi.Json(body), ("Accept-Language", "id"));

    static string Text(Answer answer, string member) => answer.Data[member]!.GetValue<string>();
}
