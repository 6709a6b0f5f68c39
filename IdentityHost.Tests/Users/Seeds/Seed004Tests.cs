using IdentityHost.Tests.SignIn.Google;
using IdentityHost.Tests.Support;
using static IdentityHost.Tests.Users.Seeds.SeedReplay;

namespace IdentityHost.Tests.Users.Seeds;

/// <summary>The document 004 User API Spec (/api, Google), call by call, with its own bodies and its bare tokens.</summary>
[Collection(SharedGoogle.Name)]
public sealed class Seed004Tests(GoogleHost host)
{
    [Fact]
    public async Task Every_call_of_the_document()
    {
        var replay = new SeedReplay("004");

        // Register User API
        const string Register = """
            {
              "username" : "Dokja",
              "password" : "kingofkinglessworld",
              "name" : "Kim Dokja"
            }
            """;
        var registered = await AskAsync("POST", "/api/users", null, Register);
        registered.MustBe(201);
        Assert.Equal(("Dokja", "Kim Dokja"), (Text(registered, "username"), Text(registered, "name")));
        var taken = await AskAsync("POST", "/api/users", null, Register);
        taken.MustBe(409, "username_taken");

        // Login User API
        const string Login = """{"username" : "Dokja", "password" : "kingofkinglessworld"}""";
        var login = await AskAsync("POST", "/api/users/login", null, Login);
        login.MustBe(200);
        var token = Text(login, "token");
        var wrong = await AskAsync("POST", "/api/users/login", null, Login.Replace("king", "queen", StringComparison.Ordinal));
        wrong.MustBe(401, "invalid_credentials");
        Assert.Equal("Username or password wrong", wrong.Message);

        // Login User With Google API: A. to Google, B. back, C. the user.
        var person = host.NewPerson();
        var tab = new Tab(host);
        var authorize = await tab.AuthorizeAsync("/api/users/auth/google");
        var location = await tab.LocationAsync("/api" + host.Choose(authorize, person));
        Assert.StartsWith("/users/current?token=", location, StringComparison.Ordinal);
        var handoff = location["/users/current?token=".Length..];
        Assert.DoesNotContain('.', handoff);
        replay.Differs("handoff instead of a JWT in the URL");
        var google = await AskAsync("GET", "/api/users/current", handoff);
        google.MustBe(200);
        Assert.StartsWith("google_", Text(google, "username"), StringComparison.Ordinal);
        Assert.Equal("Budi Santoso", Text(google, "name"));
        foreach (var answer in new[] { await AskAsync("GET", "/api/users/current", null), await AskAsync("GET", "/api/users/current", "nonsense") })
        {
            answer.MustBe(401, "unauthorized");
            Assert.Equal(["Unauthorized"], answer.Json["errors"]!.AsArray().Select(e => e!.GetValue<string>()));
        }
        Assert.Equal(["Username already registered"], taken.Json["errors"]!.AsArray().Select(e => e!.GetValue<string>()));
        replay.Differs("`errors` is a list");

        // Update User API
        const string Update = """{"name" : "Kim Dokja", "password" : "kingofkinglessworld"}""";
        (await AskAsync("PATCH", "/api/users/current", token, Update)).MustBe(400, "invalid_request");
        var updated = await AskAsync("PATCH", "/api/users/current", token, Update.Replace("{", "{\"old_password\":\"kingofkinglessworld\",", StringComparison.Ordinal));
        updated.MustBe(200);
        Assert.Equal(("Dokja", "Kim Dokja"), (Text(updated, "username"), Text(updated, "name")));
        replay.Differs("a password change needs `old_password`");
        (await AskAsync("PATCH", "/api/users/current", token, $$"""{"name":"{{new string('a', 101)}}"}""")).MustBe(400, "invalid_name");

        // Get User API
        var current = await AskAsync("GET", "/api/users/current", token);
        current.MustBe(200);
        MustHave(current.Data, "username", "name");
        (await AskAsync("GET", "/api/users/current", null)).MustBe(401, "unauthorized");

        // Logout User API
        var logout = await AskAsync("DELETE", "/api/users/logout", token);
        logout.MustBe(200);
        Assert.Equal("OK", logout.Data.GetValue<string>());
        MustHave(logout.Json["details"], "username", "name");
        await host.EventuallyRefusedAsync(token);
        (await AskAsync("DELETE", "/api/users/logout", token)).MustBe(401, "token_revoked");
        replay.MustBeTheTable();
    }

    /// <summary>The document writes the token into the header as it is, without the word Bearer.</summary>
    Task<Answer> AskAsync(string method, string path, string? token, string? body = null) =>
        host.Client.AskAsync(method, path, null, body is null ? null : UsersApi.Json(body), token is null ? [] : [("Authorization", token)]);

    static string Text(Answer answer, string member) => answer.Data[member]!.GetValue<string>();
}
