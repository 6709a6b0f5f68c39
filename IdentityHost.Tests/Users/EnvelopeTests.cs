using System.Text.Json.Nodes;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Users;

/// <summary>What every answer looks like: the members API.md lists and no other, in two languages, or as RFC 9457.</summary>
[Collection(SharedHost.Name)]
public sealed class EnvelopeTests(HostFixture host)
{
    const string User =
        "id username email email_verified name nama profile_picture weight height role status created_at updated_at sign_in_methods must_change_password last_sign_in_at";

    static readonly (string, string)[] Indonesian = [("Accept-Language", "id")];

    [Fact, Case(169)]
    public async Task Every_answer_has_the_members_of_the_list_and_no_other()
    {
        var admin = await host.Client.AdminTokenAsync();
        var name = BackChannel.NewName();
        var register = await host.Client.PostAsync(
            "/users/register", new { username = name, password = BackChannel.Password, email = $"{name}@example.com", name = "Aan", weight = 58.54, height = "170.5" }, Indonesian);
        var login = await host.Client.PostAsync("/users/login", new { username = name, password = BackChannel.Password });
        var token = login.Json["token"]!.GetValue<string>();
        var id = register.Data["id"]!.GetValue<long>();
        var secrets = await SecretsAsync(id);
        List<Answer> users =
        [
            register,
            await host.Client.AskAsync("GET", "/users/current", token),
            await host.Client.AskAsync("GET", "/users/me", token, null, Indonesian),
            await host.Client.AskAsync("GET", $"/users/{id}", token),
            await host.Client.AskAsync("GET", $"/users/{id}", admin),
            await host.Client.SetStatusAsync(id, true, admin),
        ];
        foreach (var answer in users)
        {
            MustHave(answer.Json, "status message data", exactly: true);
            MustHave(answer.Data, User, exactly: answer.Json["data"]!["nama"] is not null);
            Assert.Equal(58.5m, answer.Data["weight"]!.GetValue<decimal>());
        }
        MustHave(login.Json, "status message token data", exactly: true);
        // "scope" says what was granted (RFC 6749 §5.1).
        MustHave(login.Data, "token access_token refresh_token token_type expires_in scope user data");
        MustHave(login.Data["user"]!, User);
        MustHave(login.Data["data"]!, User);
        var list = await host.Client.AskAsync("GET", $"/users?q={name}", admin);
        MustHave(list.Json, "status message page data", exactly: true);
        MustHave(list.Json["page"]!, "next limit", exactly: true);
        MustHave(Assert.Single(list.Data.AsArray())!, User);
        var logout = await host.Client.AskAsync("DELETE", "/users/logout", token);
        MustHave(logout.Json, "status message details data", exactly: true);
        MustHave(logout.Json["details"]!, "username name", exactly: true);
        await host.EventuallyRefusedAsync(token);
        var revoked = await host.Client.AskAsync("GET", "/users/current", token);
        MustHave(revoked.Json, "status message code msg errors", exactly: true);
        var refused = await host.Client.PostAsync("/users/register", new { username = "x", weight = -1 });
        MustHave(refused.Json, "status message code errors fields", exactly: true);
        MustHave(refused.Json["fields"]!, "username password weight", exactly: true);
        var delete = await host.Client.AskAsync("DELETE", $"/users/{id}", admin);
        MustHave(delete.Json, "status message data", exactly: true);

        // Not only under no name: not at all.
        foreach (var answer in (Answer[])[.. users, login, list, logout, revoked, refused, delete])
        {
            foreach (var secret in secrets)
                Assert.DoesNotContain(secret, answer.Text + string.Join(' ', answer.Headers.Values), StringComparison.Ordinal);
            Assert.DoesNotContain(BackChannel.Password, answer.Text, StringComparison.Ordinal);
            Assert.Contains("no-store", answer.Header("cache-control")!, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Indonesian_has_the_words_of_the_seeds_and_the_same_codes()
    {
        var admin = await host.Client.AdminTokenAsync();
        var name = BackChannel.NewName();
        var body = new { username = name, password = BackChannel.Password, email = $"{name}@example.com", nama = "Aan" };
        foreach (var language in new[] { "id", "id-ID", "id-ID,id;q=0.9,en;q=0.8", "fr, id;q=0.5" })
        {
            (string, string)[] indonesian = [("Accept-Language", language)];
            var register = await host.Client.PostAsync("/users/register", body, indonesian);
            register.MustBe(201);
            Assert.Equal("Registrasi berhasil", register.Message);
            Assert.Equal("id", register.Header("content-language"));
            Assert.Equal(("Aan", "Aan"), (register.Data["nama"]!.GetValue<string>(), register.Data["name"]!.GetValue<string>()));
            var id = register.Data["id"]!.GetValue<long>();

            var taken = await host.Client.PostAsync("/users/register", new { username = name + "x", password = BackChannel.Password, body.email }, indonesian);
            taken.MustBe(409, "email_taken");
            Assert.Equal("Email sudah terdaftar", taken.Message);
            Assert.Equal("Email sudah terdaftar", taken.Json["errors"]![0]!.GetValue<string>());

            var login = await host.Client.PostAsync("/users/login", new { username = name, password = BackChannel.Password }, indonesian);
            Assert.Equal("Login berhasil", login.Message);
            Assert.Equal("Aan", login.Data["user"]!["nama"]!.GetValue<string>());
            var status = await host.Client.SetStatusAsync(id, true, admin, indonesian);
            Assert.Equal("Data user berhasil diperbarui", status.Message);
            Assert.Equal("User berhasil dihapus", (await host.Client.AskAsync("DELETE", $"/users/{id}", admin, null, indonesian)).Message);
            var gone = await host.Client.AskAsync("GET", $"/users/{id}", admin, null, indonesian);
            gone.MustBe(404, "user_not_found");
            Assert.Equal("Pengguna tidak ditemukan", gone.Message);
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("en-GB, id;q=0.9")]
    [InlineData("fr")]
    [InlineData("*")]
    [InlineData("nonsense;;;q=x")]
    [InlineData("idx")]
    [InlineData("id;q=0")]
    [InlineData("id;q=0, fr")]
    public async Task Everybody_else_reads_english(string? language)
    {
        (string, string)[] headers = language is null ? [] : [("Accept-Language", language)];
        var (username, id) = await host.Client.RegisterAsync();
        var admin = await host.Client.AdminTokenAsync();
        var login = await host.Client.PostAsync("/users/login", new { username, password = BackChannel.Password }, headers);
        Assert.Equal(("Login successfully", "en"), (login.Message, login.Header("content-language")));
        Assert.Null(login.Data["user"]!["nama"]);
        (await host.Client.AskAsync("DELETE", $"/users/{id}", admin)).MustBe(200);
        var gone = await host.Client.AskAsync("GET", $"/users/{id}", admin, null, headers);
        gone.MustBe(404, "user_not_found");
        Assert.Equal("User not found", gone.Message);
    }

    [Theory]
    [InlineData("GET", "/users", 401, "unauthorized")]
    [InlineData("POST", "/users/register", 400, "invalid_request")]
    [InlineData("POST", "/users/login", 401, "invalid_credentials")]
    [InlineData("GET", "/users/999999999", 404, "user_not_found")]
    [InlineData("POST", "/users/current", 405, "method_not_allowed")]
    [InlineData("GET", "/auth/nothing", 404, "not_found")]
    public async Task Who_asks_for_problem_details_gets_them_with_the_same_code(string method, string path, int status, string code)
    {
        var token = status == 404 ? await host.Client.AdminTokenAsync() : null;
        HttpContent? Body() => path switch
        {
            "/users/register" => UsersApi.Json("{"),
            "/users/login" => UsersApi.Json(new { username = "nobody-here", password = "nothing of note" }),
            _ => null,
        };
        foreach (var node in host.Nodes)
        {
            var plain = await node.Client.AskAsync(method, path, token, Body());
            plain.MustBe(status, code);
            Assert.Equal("application/json; charset=utf-8", plain.Header("content-type"));

            var problem = await node.Client.AskAsync(method, path, token, Body(), ("Accept", "application/problem+json"));
            problem.MustBeProblem(status, code);
            MustHave(problem.Json, "type title status detail code errors fields");
            Assert.Equal(plain.Message, problem.Json["detail"]!.GetValue<string>());
            Assert.Equal(plain.Json["errors"]!.ToJsonString(), problem.Json["errors"]!.ToJsonString());
        }
    }

    [Fact]
    public async Task Problem_details_name_the_fields_too()
    {
        var answer = await host.Client.PostAsync(
            "/users/register", new { username = "a b", password = "short", email = "none", name = "", weight = 0 }, ("Accept", "application/problem+json"));
        answer.MustBeProblem(400, "invalid_username");
        Assert.Equal(["email", "password", "username", "weight"], answer.Json["fields"]!.AsObject().Select(f => f.Key).Order(StringComparer.Ordinal));
        Assert.Equal(4, answer.Json["errors"]!.AsArray().Count);
    }

    [Fact]
    public async Task A_read_carries_the_version_of_what_it_tells()
    {
        var (username, id) = await host.Client.RegisterAsync();
        var (token, admin) = (await host.Client.AccessTokenAsync(username), await host.Client.AdminTokenAsync());
        List<string?> tags = [];
        foreach (var node in host.Nodes)
        {
            tags.Add((await node.Client.AskAsync("GET", "/users/current", token)).Header("etag"));
            tags.Add((await node.Client.AskAsync("GET", $"/users/{id}", admin)).Header("etag"));
        }
        // Signing in once more is no change of the account.
        await host.Client.AccessTokenAsync(username);
        tags.Add((await host.Client.AskAsync("GET", $"/users/{id}", admin)).Header("etag"));
        var tag = Assert.Single(tags.Distinct());
        Assert.Matches("^\"[^\"]+\"$", tag);

        var changed = await host.Client.SetStatusAsync(id, false, admin);
        Assert.NotEqual(tag, changed.Header("etag"));
        foreach (var node in host.Nodes)
            Assert.Equal(changed.Header("etag"), (await node.Client.AskAsync("GET", $"/users/{id}", admin)).Header("etag"));
    }

    [Fact, Case(201)]
    public async Task A_failure_of_our_own_tells_nothing_in_either_language()
    {
        await host.ExecuteAsync(
            """
            CREATE FUNCTION fail_for_test() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'secret detail of the trigger'; END $$;
            CREATE TRIGGER fail_for_test BEFORE INSERT ON users FOR EACH ROW WHEN (NEW.name = 'Boom') EXECUTE FUNCTION fail_for_test()
            """);
        try
        {
            foreach (var node in host.Nodes)
            {
                foreach (var (language, message) in new[] { ("en", "Something went wrong on our side"), ("id", null) })
                {
                    var answer = await node.Client.AskAnywayAsync(
                        "POST", "/users/register", null, UsersApi.Json(new { username = BackChannel.NewName(), password = BackChannel.Password, name = "Boom" }), ("Accept-Language", language));
                    answer.MustBe(500, "server_error");
                    Assert.DoesNotContain("trigger", answer.Text, StringComparison.OrdinalIgnoreCase);
                    Assert.Equal(language, answer.Header("content-language"));
                    Assert.Equal(message is not null, answer.Message == "Something went wrong on our side");
                    Assert.Null(answer.Header("server"));
                }
                Assert.Contains(node.Log.Lines, line => line.Contains("secret detail of the trigger", StringComparison.Ordinal));
                Assert.DoesNotContain(node.Log.Lines, line => line.Contains(BackChannel.Password, StringComparison.Ordinal));
            }
            Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM users WHERE name = 'Boom'"));
        }
        finally
        {
            await host.ExecuteAsync("DROP TRIGGER fail_for_test ON users; DROP FUNCTION fail_for_test()");
        }
    }

    /// <summary>The hash, the stamps and the normalized names of one account, as the database has them.</summary>
    async Task<List<string>> SecretsAsync(long id) =>
        [.. (await host.ScalarAsync<string>("SELECT concat_ws('\n', password_hash, security_stamp, concurrency_stamp, normalized_email) FROM users WHERE id = $1", id))!.Split('\n')];

    static void MustHave(JsonNode node, string members, bool exactly = false)
    {
        var names = node.AsObject().Select(m => m.Key).Order(StringComparer.Ordinal).ToList();
        var allowed = members.Split(' ').Order(StringComparer.Ordinal).ToList();
        Assert.Equal(exactly ? allowed : allowed.Intersect(names), names);
    }
}
