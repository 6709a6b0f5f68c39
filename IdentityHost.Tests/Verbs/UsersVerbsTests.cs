using System.Text.Json;
using IdentityHost.Tests.Support;
using IdentityHost.Tests.Users;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace IdentityHost.Tests.Verbs;

/// <summary><c>users import</c> and <c>users export</c> beside nodes that serve.</summary>
[Collection(SharedHost.Name)]
public sealed class UsersVerbsTests(HostFixture host) : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("users-verbs").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Accounts_come_in_sign_in_by_their_old_hash_and_get_a_new_one()
    {
        var prefix = BackChannel.NewName();
        var old = Hash(iterations: 1000);
        var file = await FileAsync(
            Line(new { username = prefix, email = $"{prefix}@example.com", email_verified = true, name = "Aan", weight = 58.55, height = 170.5, password_hash = old, created_at = "2020-01-02T03:04:05Z" }),
            "",
            Line(new { username = prefix + "x", status = false, password_hash = old }),
            Line(new { username = prefix + "n" }));
        var (code, output, error) = await RunAsync("import", file);
        Assert.True(code == 0, output + error);
        Assert.Contains("3 accounts were made of 4 lines; 0 were there already.", output, StringComparison.Ordinal);
        Assert.Contains("100", error, StringComparison.Ordinal);
        Assert.False(File.Exists(file + ".progress"));

        var login = await host.Client.PostAsync("/users/login", new { username = $"{prefix}@example.com", password = BackChannel.Password });
        login.MustBe(200);
        var user = login.Data["user"]!;
        Assert.Equal(("Aan", 58.6m, true, "USER", "2020-01-02T03:04:05.000Z"), (user["name"]!.GetValue<string>(), user["weight"]!.GetValue<decimal>(), user["email_verified"]!.GetValue<bool>(), user["role"]!.GetValue<string>(), user["created_at"]!.GetValue<string>()));
        var renewed = await host.ScalarAsync<string>("SELECT password_hash FROM users WHERE user_name = $1", prefix);
        Assert.NotEqual(old, renewed);
        (await host.Client.PostAsync("/users/login", new { username = prefix, password = BackChannel.Password })).MustBe(200);
        (await host.Client.PostAsync("/users/login", new { username = prefix + "x", password = BackChannel.Password })).MustBe(403, "account_disabled");
        (await host.Client.PostAsync("/users/login", new { username = prefix + "n", password = BackChannel.Password })).MustBe(401, "invalid_credentials");
        // One of them changes their password like anybody else.
        var token = await host.Client.AccessTokenAsync(prefix);
        (await host.Client.AskAsync("PATCH", "/users", token, UsersApi.Json(new { old_password = BackChannel.Password, new_password = "another quiet place" }))).MustBe(200);
    }

    [Fact]
    public async Task A_line_with_a_fault_is_named_and_the_others_come_in()
    {
        var prefix = BackChannel.NewName();
        var file = await FileAsync(
            Line(new { username = prefix }), "{", Line(new { username = "a b" }), Line(new { username = prefix + "1", email = "nobody" }), Line(new { username = prefix + "2", role = "ROOT" }),
            Line(new { username = prefix + "3", password_hash = "AAAA" }), Line(new { username = prefix + "4", epoch = 1 }), Line(new { username = prefix.ToUpperInvariant() }), Line(new { username = "admin" }));
        var (code, output, error) = await RunAsync("import", file);
        Assert.Equal(1, code);
        Assert.Contains("1 accounts were made of 9 lines; 1 were there already.", output, StringComparison.Ordinal);
        Assert.Contains("7 lines were rejected", error, StringComparison.Ordinal);
        var rejected = await File.ReadAllLinesAsync(file + ".rejected");
        Assert.Equal(["line 2", "line 3", "line 4", "line 5", "line 6", "line 7", "line 9"], rejected.Select(r => r.Split(':')[0]));
        // Somebody else's name is a fault; the same person once more is none.
        Assert.Equal("line 9: username_taken", rejected[^1]);
        Assert.Equal(["line 8"], await File.ReadAllLinesAsync(file + ".skipped"));
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM users WHERE user_name LIKE $1", prefix + "%"));
        Assert.Equal(1, (await RunAsync("import", Path.Combine(_folder, "nothing"))).Code);
        Assert.Equal(1, (await RunAsync("import")).Code);
    }

    [Fact]
    public async Task The_lists_are_of_the_last_import_and_name_lines_by_ranges()
    {
        var prefix = BackChannel.NewName();
        var lines = Enumerable.Range(0, 100).Select(i => Line(new { username = $"{prefix}{i}", email = $"{prefix}{i}@example.com" })).ToArray();
        var file = await FileAsync(lines);
        Assert.Contains("100 accounts were made of 100 lines; 0 were there already", (await RunAsync("import", file)).Output, StringComparison.Ordinal);
        Assert.False(File.Exists(file + ".skipped"));

        lines[9] = Line(new { username = $"{prefix}new", email = $"{prefix}20@example.com" });
        lines[49] = Line(new { username = prefix + "49", email = $"{prefix}other@example.com" });
        lines[98] = Line(new { username = prefix + "newer" });
        await File.WriteAllLinesAsync(file, lines);
        foreach (var added in new[] { 1, 0 })
        {
            var (code, output, error) = await RunAsync("import", file);
            Assert.Equal(1, code);
            Assert.Contains($"{added} accounts were made of 100 lines; {98 - added} were there already.", output, StringComparison.Ordinal);
            Assert.Contains("2 lines were rejected", error, StringComparison.Ordinal);
            Assert.Equal(["line 10: email_taken", "line 50: username_taken"], await File.ReadAllLinesAsync(file + ".rejected"));
            Assert.Equal(
                added == 1 ? ["lines 1-9", "lines 11-49", "lines 51-98", "line 100"] : ["lines 1-9", "lines 11-49", "lines 51-100"],
                await File.ReadAllLinesAsync(file + ".skipped"));
        }
        Assert.Equal(101, await host.ScalarAsync<long>("SELECT count(DISTINCT normalized_user_name) FROM users WHERE user_name LIKE $1", prefix + "%"));
    }

    [Fact]
    public async Task What_is_no_UTF_8_is_refused_and_not_mended()
    {
        var prefix = BackChannel.NewName();
        var file = Path.Combine(_folder, "bytes.jsonl");
        byte[] name = [.. "{\"username\":\""u8, .. System.Text.Encoding.ASCII.GetBytes(prefix)];
        await File.WriteAllBytesAsync(file, [
            0xef, 0xbb, 0xbf, .. name, .. "0\",\"name\":\"Óda\",\"created_at\":\"2020-01-02T03:04:05\"}\r\n"u8,
            .. name, .. "1\",\"name\":\""u8, 0xff, 0xc3, .. "\"}\n"u8,
            .. name, .. "2\",\"name\":\"\\ud800\"}\n \t\n"u8,
            .. name, .. "3\"}"u8,
        ]);
        Assert.Equal(1, (await RunAsync("import", file)).Code);
        Assert.Equal(["line 2", "line 3"], (await File.ReadAllLinesAsync(file + ".rejected")).Select(r => r.Split(':')[0]));
        Assert.Equal($"{prefix}0 Óda 2020-01-02 03:04:05,{prefix}3", await host.ScalarAsync<string>(
            "SELECT string_agg(concat_ws(' ', user_name, name, CASE WHEN name IS NOT NULL THEN (created_at AT TIME ZONE 'UTC')::text END), ',' ORDER BY user_name) FROM users WHERE user_name LIKE $1", prefix + "%"));
    }

    [Fact]
    public async Task What_is_exported_can_be_imported()
    {
        var (username, id) = await host.Client.RegisterAsync();
        var file = Path.Combine(_folder, "export.jsonl");
        Assert.Equal(0, (await RunAsync("export", file)).Code);
        Assert.DoesNotContain("password_hash", await File.ReadAllTextAsync(file), StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync("export", "--with-password-hashes", file)).Code);
        var lines = await File.ReadAllLinesAsync(file);
        Assert.Equal(await host.ScalarAsync<long>("SELECT count(*) FROM users"), lines.Length);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        var mine = lines.Single(l => l.Contains($"\"{username}\"", StringComparison.Ordinal));
        await host.ExecuteAsync("DELETE FROM users WHERE id = $1", id);
        var (code, output, error) = await RunAsync("import", await FileAsync(mine));
        Assert.True(code == 0, output + error);
        (await host.Client.PostAsync("/users/login", new { username, password = BackChannel.Password })).MustBe(200);
        // From an id on.
        var rest = Path.Combine(_folder, "rest.jsonl");
        Assert.Equal(0, (await RunAsync("export", $"--after={id}", rest)).Code);
        Assert.All(await File.ReadAllLinesAsync(rest), l => Assert.True(JsonDocument.Parse(l).RootElement.GetProperty("id").GetInt64() > id));
    }

    async Task<(int Code, string Output, string Error)> RunAsync(string verb, params string[] arguments)
    {
        var (code, output, error) = await HostProcess.RunAsync("Development", ["users", verb, $"--ConnectionStrings:Postgres={host.ConnectionString}", .. arguments]);
        return (code, output, error);
    }

    async Task<string> FileAsync(params string[] lines)
    {
        var file = Path.Combine(_folder, Path.GetRandomFileName());
        await File.WriteAllLinesAsync(file, lines);
        return file;
    }

    static string Line(object user) => JsonSerializer.Serialize(user);

    static string Hash(int iterations) =>
        new PasswordHasher<object>(Options.Create(new PasswordHasherOptions { IterationCount = iterations })).HashPassword(new object(), BackChannel.Password);
}
