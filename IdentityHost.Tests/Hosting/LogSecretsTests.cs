using System.Net;
using System.Net.Http.Json;
using System.Text;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Hosting;

/// <summary>Two nodes that log all that anything in them has to say.</summary>
public sealed class TalkativeHost(TestPostgres postgres) : HostFixture(postgres)
{
    /// <summary>The categories that appsettings.json quiets, as somebody who hunts a fault would open them.</summary>
    protected override IEnumerable<KeyValuePair<string, string?>> Settings =>
        from category in (string[])[
            "Default", "Microsoft.AspNetCore", "Microsoft.EntityFrameworkCore", "Microsoft.EntityFrameworkCore.Database.Command",
            "Microsoft.EntityFrameworkCore.Update", "Npgsql", "IdentityHost.ResourceServer.BearerHandler", "Quartz", "Microsoft.Hosting.Lifetime"]
        select KeyValuePair.Create<string, string?>($"Logging:LogLevel:{category}", "Trace");
}

/// <summary>A secret goes into every field and every wrong place; no log shows it.</summary>
[Case(212)]
public sealed class LogSecretsTests(TalkativeHost host) : IClassFixture<TalkativeHost>
{
    const string Canary = "CanaryThatNoLogMayShow77";
    const string ServiceSecret = "demo-service-secret-for-development-only";

    [Fact]
    public async Task No_secret_used_issued_or_misplaced_is_in_any_log_at_Trace()
    {
        var secrets = new List<string> { Canary, ServiceSecret, BackChannel.Password, HostFixture.AdminPassword, "a%20quiet%20place", "a+quiet+place" };
        foreach (var node in host.Nodes)
        {
            var (username, _) = await node.Client.RegisterAsync();
            var admin = await node.Client.AdminTokenAsync();
            var token = await node.Client.AccessTokenAsync(username);
            secrets.AddRange(admin, token, admin.Split('.')[2], token.Split('.')[2], token.Split('.')[1]);
            await MisplaceAsync(node.Client, username, admin);
            using (await node.Client.CallAsync(HttpMethod.Delete, "/users/logout", token))
            {
            }
            using (await node.Client.CallAsync(HttpMethod.Get, "/users/current", token))
            {
            }
            using (await node.Client.CallAsync(HttpMethod.Get, "/users/current", admin[..^4] + "AAAA"))
            {
            }
        }
        secrets.Add(Convert.ToBase64String(Encoding.ASCII.GetBytes($"demo-service:{ServiceSecret}")));
        secrets.Add(Convert.ToBase64String(Encoding.ASCII.GetBytes($"demo-service:{Canary}")));

        var lines = host.Nodes.SelectMany(n => n.Log.Lines).ToList();
        // The logs do talk, of statements and requests too.
        Assert.Contains(lines, l => l.Contains("sign_in_attempts", StringComparison.Ordinal));
        Assert.Contains(lines, l => l.StartsWith("Debug Microsoft.AspNetCore", StringComparison.Ordinal));
        var leaks = lines.Where(l => secrets.Exists(s => l.Contains(s, StringComparison.OrdinalIgnoreCase))).Select(l => l[..Math.Min(l.Length, 400)]).Distinct().Take(10);
        Assert.Empty(leaks);
    }

    [Fact]
    public async Task Statements_are_logged_without_their_parameters()
    {
        var email = $"{BackChannel.NewName()}@parameters.example";
        foreach (var node in host.Nodes)
        {
            var before = node.Log.Lines.Count;
            using (await node.Client.TokenAsync(("grant_type", "password"), ("client_id", "demo"), ("username", email), ("password", "x y z of nobody")))
            {
            }
            var said = node.Log.Lines.Skip(before).ToList();
            Assert.Contains(said, l => l.Contains("normalized_email", StringComparison.Ordinal));
            Assert.DoesNotContain(said, l => l.Contains("parameters.example", StringComparison.OrdinalIgnoreCase));
        }
    }

    /// <summary>The canary in every field of every endpoint, and where no secret belongs: queries, headers, names, other methods.</summary>
    static async Task MisplaceAsync(HttpClient client, string username, string admin)
    {
        string[] fields = ["grant_type", "client_id", "client_secret", "username", "password", "new_password", "scope", "refresh_token", "code", "token", "assertion", Canary];
        foreach (var field in fields)
        {
            var form = new Dictionary<string, string> { ["grant_type"] = "password", ["client_id"] = "demo", ["username"] = username, ["password"] = "wrong " + Canary, [field] = Canary };
            await SendAsync(client, HttpMethod.Post, "/connect/token", new FormUrlEncodedContent(form));
        }
        await SendAsync(client, HttpMethod.Post, "/connect/token", new FormUrlEncodedContent([new("grant_type", "client_credentials")]), "Basic " + Convert.ToBase64String(Encoding.ASCII.GetBytes($"demo-service:{ServiceSecret}")));
        await SendAsync(client, HttpMethod.Post, "/connect/token", new FormUrlEncodedContent([new("grant_type", "client_credentials")]), "Basic " + Convert.ToBase64String(Encoding.ASCII.GetBytes($"demo-service:{Canary}")));
        await SendAsync(client, HttpMethod.Post, "/connect/token", new StringContent(Canary, Encoding.UTF8, "application/x-www-form-urlencoded"));
        foreach (var path in (string[])["/users/register", "/users/login", "/auth/login", "/auth/register", "/users", "/user"])
        {
            foreach (var field in (string[])["username", "password", "email", "name", "weight", "new_password", "role", Canary])
            {
                var body = new Dictionary<string, object> { ["username"] = BackChannel.NewName(), ["password"] = Canary + "!", ["email"] = "x@example.com", [field] = Canary };
                await SendAsync(client, HttpMethod.Post, path, JsonContent.Create(body));
            }
            await SendAsync(client, HttpMethod.Post, path, new StringContent("{\"password\":\"" + Canary, Encoding.UTF8, "application/json"));
            await SendAsync(client, HttpMethod.Post, path, new StringContent($"username=u&password={Canary}", Encoding.UTF8, "application/x-www-form-urlencoded"));
        }
        foreach (var path in (string[])["/connect/token", "/connect/logout", "/sign-out", "/users/current", "/users/login", "/users", "/users/1", "/", "/health/ready", "/nowhere", "/.well-known/openid-configuration"])
        {
            foreach (var method in (HttpMethod[])[HttpMethod.Get, HttpMethod.Post, HttpMethod.Delete])
                await SendAsync(client, method, $"{path}?password={Canary}&access_token={Canary}&client_secret={Canary}&id_token_hint={Canary}&request={Canary}", method == HttpMethod.Post ? new StringContent("") : null);
            await SendAsync(client, HttpMethod.Get, path, null, "Bearer " + Canary);
            await SendAsync(client, HttpMethod.Get, path, null, Canary);
            await SendAsync(client, HttpMethod.Get, path, null, "Bearer " + admin + Canary);
        }
        await SendAsync(client, HttpMethod.Patch, "/users/1/status", JsonContent.Create(new { status = Canary }), "Bearer " + admin);
        await SendAsync(client, HttpMethod.Get, $"/users?search={Canary}&cursor={Canary}&limit={Canary}", null, "Bearer " + admin);
    }

    static async Task SendAsync(HttpClient client, HttpMethod method, string path, HttpContent? content, string? authorization = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        if (authorization is not null)
            request.Headers.TryAddWithoutValidation("Authorization", authorization);
        request.Headers.TryAddWithoutValidation("Cookie", $"session={Canary}");
        request.Headers.TryAddWithoutValidation("User-Agent", "test");
        using var answer = await client.SendAsync(request);
        Assert.True(answer.StatusCode < HttpStatusCode.InternalServerError || answer.StatusCode == HttpStatusCode.ServiceUnavailable, $"{method} {path}: {answer.StatusCode}");
        Assert.DoesNotContain("   at ", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }
}
