using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Users;

/// <summary>A host whose operator wants every write to say which version it changes.</summary>
public sealed class StrictVersionsHost(TestPostgres postgres) : HostFixture(postgres)
{
    protected override IEnumerable<KeyValuePair<string, string?>> Settings => [new("Users:RequireIfMatch", "true")];
}

/// <summary><c>Users:RequireIfMatch</c>.</summary>
public sealed class RequireIfMatchTests(StrictVersionsHost host) : IClassFixture<StrictVersionsHost>
{
    [Fact, Case(175)]
    public async Task Every_write_of_an_account_must_name_its_version()
    {
        var (username, id) = await host.Client.RegisterAsync();
        var token = await host.Client.AccessTokenAsync(username);
        var admin = await host.Client.AdminTokenAsync();
        var before = await host.FingerprintAsync();
        foreach (var (method, path, body, with) in new (string, string, object, string)[]
        {
            ("PATCH", "/users/current", new { name = "Aan" }, token), ("PATCH", "/user", new { name = "Aan" }, token), ("PUT", $"/users/{id}", new { name = "Aan" }, token),
            ("PATCH", "/users/current/password", new { old_password = BackChannel.Password, new_password = "another quiet place" }, token),
            ("DELETE", "/users/current", new { password = BackChannel.Password }, token), ("DELETE", $"/users/{id}", new { }, token),
            ("PUT", $"/users/{id}", new { name = "Aan" }, admin), ("PATCH", $"/users/{id}", new { name = "Aan" }, admin), ("PATCH", $"/users/{id}/status", new { status = false }, admin),
            ("POST", $"/users/{id}/password", new { }, admin), ("DELETE", $"/users/{id}", new { }, admin), ("DELETE", "/users", new { password = BackChannel.Password }, token),
            ("PATCH", "/users", new { old_password = BackChannel.Password, new_password = "another quiet place" }, token),
        })
        {
            foreach (var node in host.Nodes)
                (await node.Client.AskAsync(method, path, with, UsersApi.Json(body))).MustBe(428, "precondition_required");
        }
        Assert.Equal(before, await host.FingerprintAsync());
        var tag = (await host.Client.AskAsync("GET", $"/users/{id}", admin)).Header("etag")!;
        (await host.Client.AskAsync("PATCH", $"/users/{id}", admin, UsersApi.Json(new { name = "Aan" }), ("If-Match", tag))).MustBe(200);
        (await host.Client.AskAsync("PATCH", "/users/current", token, UsersApi.Json(new { name = "Aan" }), ("If-Match", "*"))).MustBe(200);
    }
}
