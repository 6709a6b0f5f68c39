using IdentityHost.Tests.Hosting;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Users;

/// <summary>What the line and the headers of a request try against real endpoints: hosts, methods, paths, origins.</summary>
[Collection(SharedHost.Name)]
public sealed class PathTests(HostFixture host)
{
    [Fact, Case(116)]
    public async Task A_foreign_host_changes_no_document()
    {
        foreach (var path in new[] { "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server" })
        {
            var plain = await host.Client.AskAsync("GET", path);
            plain.MustBe(200);
            Assert.Equal(HostFixture.Issuer, plain.Json["issuer"]!.GetValue<string>());
            foreach (var node in host.Nodes)
            {
                foreach (var name in new[] { "Host", "X-Forwarded-Host", "X-Original-Host", "Forwarded" })
                {
                    var evil = await node.Client.AskAsync("GET", path, null, null, (name, name == "Forwarded" ? "host=evil.example" : "evil.example"));
                    Assert.Equal((plain.Status, plain.Text), (evil.Status, evil.Text));
                }
            }
        }
    }

    [Fact, Case(116)]
    public async Task A_foreign_host_changes_no_answer_of_the_api()
    {
        var admin = await host.Client.AdminTokenAsync();
        await host.Client.RegisterAsync();
        foreach (var node in host.Nodes)
        {
            var list = await node.Client.AskAsync("GET", "/users?limit=1", admin, null, ("Host", "evil.example"), ("X-Forwarded-Host", "evil.example"), ("X-Forwarded-Prefix", "/evil"));
            list.MustBe(200);
            Assert.StartsWith("</users?limit=1&after=", list.Header("link"), StringComparison.Ordinal);
            var refused = await node.Client.AskAsync("GET", "/users", null, null, ("Host", "evil.example"));
            refused.MustBe(401, "unauthorized");
            foreach (var answer in new[] { list, refused })
                Assert.DoesNotContain("evil", answer.Text + string.Join(' ', answer.Headers.Values), StringComparison.Ordinal);
        }
    }

    [Theory, Case(178)]
    [InlineData("TRACE")]
    [InlineData("PROPFIND")]
    [InlineData("CONNECTED")]
    [InlineData("delete")]
    public async Task A_method_that_nobody_has_is_refused(string method)
    {
        var (username, id) = await host.Client.RegisterAsync();
        var token = await host.Client.AccessTokenAsync(username);
        foreach (var node in host.Nodes)
        {
            foreach (var path in new[] { "/users", "/users/current", $"/users/{id}", "/users/register", "/users/login", "/users/logout" })
            {
                var answer = await RawAsync(node, $"{method} {path}", $"Authorization: Bearer {token}\r\nX-Secret: echo-me\r\n");
                Assert.Equal(405, answer.Status);
                Assert.DoesNotContain("echo-me", answer.Text, StringComparison.Ordinal);
            }
            (await node.Client.AskAsync("GET", "/users/current", token)).MustBe(200);
        }
    }

    [Theory, Case(178)]
    [InlineData("X-HTTP-Method-Override")]
    [InlineData("X-HTTP-Method")]
    [InlineData("X-Method-Override")]
    public async Task A_method_cannot_be_overridden(string header)
    {
        var (username, id) = await host.Client.RegisterAsync();
        var token = await host.Client.AccessTokenAsync(username);
        foreach (var node in host.Nodes)
        {
            (await node.Client.AskAsync("POST", $"/users/{id}", token, null, (header, "DELETE"))).MustBe(405, "method_not_allowed");
            (await node.Client.AskAsync("GET", $"/users/{id}?_method=DELETE", token, null, (header, "DELETE"))).MustBe(200);
            (await node.Client.AskAsync("POST", $"/users/{id}", token, UsersApi.Form(("_method", "DELETE")))).MustBe(405, "method_not_allowed");
            (await node.Client.AskAsync("GET", "/users/current", token)).MustBe(200);
        }
    }

    [Theory, Case(178)]
    [InlineData("null")]
    [InlineData("https://evil.example")]
    public async Task A_foreign_origin_reads_nothing(string origin)
    {
        var (username, _) = await host.Client.RegisterAsync();
        var token = await host.Client.AccessTokenAsync(username);
        foreach (var node in host.Nodes)
        {
            List<Answer> answers =
            [
                await node.Client.AskAsync("GET", "/users/current", token, null, ("Origin", origin), ("Cookie", "a=b")),
                await node.Client.AskAsync("GET", "/users", null, null, ("Origin", origin)),
                await node.Client.AskAsync("OPTIONS", "/users/current", null, null, ("Origin", origin), ("Access-Control-Request-Method", "DELETE"), ("Access-Control-Request-Headers", "authorization")),
                await node.Client.PostAsync("/users/login", new { username, password = BackChannel.Password }, ("Origin", origin)),
            ];
            Assert.All(answers, a => Assert.DoesNotContain(a.Headers.Keys, name => name.StartsWith("access-control-", StringComparison.Ordinal)));
        }
    }

    [Theory, Case(200)]
    [InlineData("/%2e%2e/users/current", "/users/current")]
    [InlineData("/x/%2E%2E/users/current", "/users/current")]
    [InlineData("/./users/./current", "/users/current")]
    [InlineData("/%2e%2e/users", "/users")]
    [InlineData("/users/../users", "/users")]
    [InlineData("/USERS", "/users")]
    [InlineData("/users/", "/users")]
    [InlineData("//users", null)]
    [InlineData("/users//current", null)]
    [InlineData("/users;x", null)]
    [InlineData("/users;x/current", null)]
    [InlineData("/users/current;x", null)]
    [InlineData("/users/current/x.css", null)]
    [InlineData("/users/current%2fx.css", null)]
    [InlineData("/users/current.css", null)]
    [InlineData("/users%2fcurrent", null)]
    [InlineData("/users%3b", null)]
    [InlineData("/users\\current", null)]
    [InlineData("/users/%252e%252e/users", null)]
    public async Task A_path_is_what_it_normalises_to_or_nothing(string path, string? same)
    {
        var admin = await host.Client.AdminTokenAsync();
        foreach (var node in host.Nodes)
        {
            var stranger = await RawAsync(node, $"GET {path}");
            var manager = await RawAsync(node, $"GET {path}", $"Authorization: Bearer {admin}\r\n");
            if (same is null)
            {
                Assert.True(manager.Status is 404 or 400, manager.Text);
                Assert.True(stranger.Status is 404 or 400 or 401, stranger.Text);
            }
            else
            {
                Assert.Equal(401, stranger.Status);
                Assert.Equal(200, manager.Status);
                Assert.Equal(BodyOf(await RawAsync(node, $"GET {same}", $"Authorization: Bearer {admin}\r\n")), BodyOf(manager));
            }
            // Whatever it is, no cache in between keeps it under a name that ends in .css.
            Assert.Contains("Cache-Control: no-store", manager.Text, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("\"username\"", stranger.Text, StringComparison.Ordinal);
        }
    }

    [Theory, Case(201)]
    [InlineData("/.git/HEAD")]
    [InlineData("/.git")]
    [InlineData("/appsettings.json")]
    [InlineData("/appsettings.Development.json")]
    [InlineData("/users/appsettings.json")]
    [InlineData("/metrics")]
    [InlineData("/swagger")]
    [InlineData("/swagger/index.html")]
    [InlineData("/IdentityHost.dll")]
    [InlineData("/.env")]
    [InlineData("/.dev/postgres")]
    public async Task What_is_not_for_the_web_is_not_found(string path)
    {
        foreach (var node in host.Nodes)
        {
            var answer = await node.Client.AskAsync("GET", path);
            Assert.True(answer.Status is 404 or 401, $"{answer.Status} {answer.Text}");
            Assert.Null(answer.Header("server"));
            Assert.Null(answer.Header("x-powered-by"));
        }
    }

    [Theory]
    [InlineData("/api/connect/token")]
    [InlineData("/api/usersx")]
    [InlineData("/api/api/users")]
    [InlineData("/api")]
    [InlineData("/api/")]
    [InlineData("/api/.well-known/openid-configuration")]
    [InlineData("/api/health/ready")]
    [InlineData("/apiusers")]
    [InlineData("/v1/api/users")]
    [InlineData("/api//users")]
    public async Task Nothing_else_has_a_second_address_under_api(string path)
    {
        var admin = await host.Client.AdminTokenAsync();
        foreach (var node in host.Nodes)
        {
            foreach (var method in new[] { "GET", "POST" })
                (await node.Client.AskAsync(method, path, admin)).MustBe(404);
        }
    }

    /// <summary>What the answer tells about users; the cursor before it is written anew each time.</summary>
    static string BodyOf(Wire.Answer answer) => answer.Text[answer.Text.IndexOf("\"data\":", StringComparison.Ordinal)..];

    /// <summary>The request as written, which an HTTP client would tidy up.</summary>
    static Task<Wire.Answer> RawAsync(HostNode node, string line, string headers = "") =>
        new Wire(node.Address.Port).SendAsync($"{line} HTTP/1.1\r\nHost: localhost\r\n{headers}Connection: close\r\n\r\n");
}
