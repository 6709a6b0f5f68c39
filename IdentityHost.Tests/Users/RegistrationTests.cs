using System.Globalization;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Users;

/// <summary>Who gets an account, and that nobody gets two, or more of one than they asked for.</summary>
[Collection(SharedHost.Name)]
public sealed class RegistrationTests(HostFixture host)
{
    [Fact, Case(139)]
    public async Task Fifty_registrations_of_one_address_at_once_make_one_account()
    {
        var address = $"{BackChannel.NewName()}@example.com";
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => host.Client.PostAsync(
            "/users/register", new { username = BackChannel.NewName(), password = BackChannel.Password, email = InCase(address, i) })));

        Assert.Single(answers, a => a.Status == 201);
        foreach (var refused in answers.Where(a => a.Status != 201))
            refused.MustBe(409, "email_taken");
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM users WHERE lower(email) = $1", address));
    }

    [Fact, Case(139)]
    public async Task Fifty_registrations_of_one_username_at_once_make_one_account()
    {
        var name = BackChannel.NewName();
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => host.Client.PostAsync(
            "/users/register", new { username = InCase(name, i), password = BackChannel.Password, email = $"{BackChannel.NewName()}@example.com" })));

        Assert.Single(answers, a => a.Status == 201);
        foreach (var refused in answers.Where(a => a.Status != 201))
            refused.MustBe(409, "username_taken");
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM users WHERE lower(user_name) = $1", name));
    }

    [Theory, Case(140)]
    [InlineData("IN.TURN")]
    [InlineData("\uff49\uff4e.\uff54\uff55\uff52\uff4e")] // full width
    [InlineData("\u0131n.turn")] // dotless i
    [InlineData("\u0130n.turn")] // dotted capital I
    [InlineData("i\u0307n.turn")] // combining dot
    [InlineData("\u0456n.turn")] // Cyrillic i
    [InlineData("in\u2024turn")] // one dot leader
    [InlineData("in.tur\u200bn")] // zero-width space
    [InlineData("in.turn ")]
    [InlineData(" in.turn")]
    [InlineData("\u2148n.turn")] // double-struck i
    public async Task A_spelling_that_looks_the_same_is_the_same_account_or_none(string spelling)
    {
        var tail = BackChannel.NewName();
        (await RegisterAsync($"in.turn{tail}", $"in.turn{tail}@example.com")).MustBe(201);
        var before = await host.FingerprintAsync();

        foreach (var node in host.Nodes)
        {
            // The trailing space stays at the end, where it would be trimmed.
            var look = spelling.EndsWith(' ') ? spelling.TrimEnd() + tail + " " : spelling + tail;
            var name = await node.Client.PostAsync("/users/register", new { username = look, password = BackChannel.Password });
            Assert.True(name.Code is "username_taken" or "invalid_username", name.Text);
            var address = await node.Client.PostAsync(
                "/users/register", new { username = BackChannel.NewName(), password = BackChannel.Password, email = $"{look}@example.com" });
            Assert.True(address.Code is "email_taken" or "invalid_email", address.Text);
            // CVE-2026-15617: what registration folds, sign-in must not fold differently.
            var login = await node.Client.PostAsync("/users/login", new { username = look, password = BackChannel.Password });
            Assert.Equal(string.Equals(look, $"in.turn{tail}", StringComparison.OrdinalIgnoreCase) ? 200 : 401, login.Status);
        }
        Assert.Equal(before.Split('/')[0], (await host.FingerprintAsync()).Split('/')[0]);
    }

    [Theory, Case(140)]
    [InlineData("EXAMPLE.com")]
    [InlineData("\uff45xample.com")]
    [InlineData("example\u3002com")]
    [InlineData("e\u00adxample.com")] // soft hyphen
    public async Task A_domain_has_one_spelling(string domain)
    {
        var local = BackChannel.NewName();
        (await RegisterAsync(BackChannel.NewName(), $"{local}@example.com")).MustBe(201);
        (await RegisterAsync(BackChannel.NewName(), $"{local}@{domain}")).MustBe(409, "email_taken");
    }

    [Theory, Case(141)]
    [InlineData("role", "\"ADMIN\"")]
    [InlineData("id", "1")]
    [InlineData("status", "true")]
    [InlineData("email_verified", "true")]
    [InlineData("emailConfirmed", "true")]
    [InlineData("security_stamp", "\"x\"")]
    [InlineData("securityStamp", "\"x\"")]
    [InlineData("lockout_end", "null")]
    [InlineData("lockoutEnd", "\"2000-01-01\"")]
    [InlineData("epoch", "9")]
    [InlineData("version", "9")]
    [InlineData("password_hash", "\"x\"")]
    [InlineData("must_change_password", "false")]
    [InlineData("created_at", "\"2000-01-01\"")]
    [InlineData("Role", "\"ADMIN\"")]
    [InlineData("__proto__", "{}")]
    public async Task Members_that_nobody_may_set_are_refused_by_name(string member, string value)
    {
        var before = await host.FingerprintAsync();
        foreach (var door in new[] { "/users/register", "/auth/register", "/users", "/user", "/api/users" })
        {
            var name = BackChannel.NewName();
            var json = $$"""{"username":"{{name}}","password":"{{BackChannel.Password}}","{{member}}":{{value}}}""";
            foreach (var content in new[] { UsersApi.Json(json), Form(name), UsersApi.Multipart(Fields(name)) })
            {
                var answer = await host.Client.AskAsync("POST", door, null, content);
                answer.MustBe(400, "unknown_field");
                Assert.NotNull(answer.Json["fields"]![member]);
            }
        }
        Assert.Equal(before, await host.FingerprintAsync());

        HttpContent Form(string name) => UsersApi.Form(Fields(name));
        (string, string)[] Fields(string name) => [("username", name), ("password", BackChannel.Password), (member, value.Trim('"'))];
    }

    [Fact, Case(141)]
    public async Task A_new_account_is_an_ordinary_one()
    {
        var (_, id) = await host.Client.RegisterAsync();
        Assert.Equal("0 True False 1 0", await host.ScalarAsync<string>(
            "SELECT concat_ws(' ', role, initcap(status::text), initcap(email_confirmed::text), version, epoch) FROM users WHERE id = $1", id));
    }

    [Theory, Case(145)]
    [InlineData(7, 400)]
    [InlineData(8, 201)]
    [InlineData(64, 201)]
    [InlineData(128, 201)]
    [InlineData(129, 400)]
    public async Task A_password_has_8_to_128_characters(int length, int status)
    {
        var letters = string.Concat(Enumerable.Range(0, length).Select(i => "qzjxkwvp"[i * 5 % 7]));
        await RegisterWithAsync(letters, status);
        // Characters are what a person counts, not UTF-16 units or bytes.
        await RegisterWithAsync(string.Concat(Enumerable.Range(0, length).Select(i => char.ConvertFromUtf32(0x1F400 + i % 60))), status);
    }

    [Theory, Case(145)]
    [InlineData("only lower case words")]
    [InlineData("        x ")]
    [InlineData("\U0001F986\U0001F986\U0001F9F6 two ducks")]
    [InlineData("ONLYUPPERCASEWORDS")]
    [InlineData("90210774155028")]
    [InlineData("кошка на крыше")]
    public Task A_password_needs_no_digit_no_case_no_symbol(string password) => RegisterWithAsync(password, 201);

    /// <summary>Registers; who was taken in can sign in by the password exactly as typed.</summary>
    async Task RegisterWithAsync(string password, int status)
    {
        var username = BackChannel.NewName();
        var answer = await host.Client.PostAsync("/users/register", new { username, password });
        if (status == 400)
        {
            answer.MustBe(400, "weak_password");
            Assert.NotNull(answer.Json["fields"]!["password"]);
            Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM users WHERE user_name = $1", username));
            return;
        }
        answer.MustBe(status);
        (await host.Client.PostAsync("/users/login", new { username, password })).MustBe(200);
        (await host.Client.PostAsync("/users/login", new { username, password = password + " " })).MustBe(401, "invalid_credentials");
    }

    Task<Answer> RegisterAsync(string username, string email) =>
        host.Client.PostAsync("/users/register", new { username, password = BackChannel.Password, email });

    /// <summary>The text with the i-th choice of upper-case letters.</summary>
    static string InCase(string text, int i) =>
        string.Concat(text.Select((c, at) => (i >> (at % 6) & 1) == 1 ? char.ToUpper(c, CultureInfo.InvariantCulture) : c));
}
