using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Users;

/// <summary>A host whose operator lets nobody register and nobody sign in by the users API; applications of their own still do.</summary>
public sealed class ClosedDoorsHost(TestPostgres postgres) : HostFixture(postgres)
{
    protected override IEnumerable<KeyValuePair<string, string?>> Settings => [new("Users:SelfRegistration", "false"), new("Users:Login", "false")];
}

/// <summary><c>Users:SelfRegistration</c> and <c>Users:Login</c>.</summary>
public sealed class ClosedDoorsTests(ClosedDoorsHost host) : IClassFixture<ClosedDoorsHost>
{
    [Theory]
    [InlineData("/users/register")]
    [InlineData("/auth/register")]
    [InlineData("/users")]
    [InlineData("/user")]
    [InlineData("/api/users/register")]
    public async Task Nobody_registers_and_those_who_manage_users_still_make_accounts(string door)
    {
        var before = await host.FingerprintAsync();
        foreach (var node in host.Nodes)
        {
            var refused = await node.Client.PostAsync(door, new { username = BackChannel.NewName(), password = BackChannel.Password });
            refused.MustBe(403, "forbidden");
            // A name that is taken is told no more than any other.
            var taken = await node.Client.PostAsync(door, new { username = HostFixture.AdminName, password = BackChannel.Password });
            Assert.Equal((refused.Status, refused.Text), (taken.Status, taken.Text));
        }
        Assert.Equal(before, await host.FingerprintAsync());
        var service = await host.Client.ServiceTokenAsync();
        (await host.Client.AskAsync("POST", "/users", service, UsersApi.Json(new { email = $"{BackChannel.NewName()}@example.com", name = "Aan" }))).MustBe(201);
    }

    [Theory]
    [InlineData("/users/login", "username")]
    [InlineData("/auth/login", "username")]
    [InlineData("/user", "email")]
    public async Task Nobody_signs_in_by_this_API_and_the_password_grant_goes_on(string door, string member)
    {
        foreach (var node in host.Nodes)
        {
            var identifier = member == "email" ? "admin@example.com" : HostFixture.AdminName;
            var right = await node.Client.PostAsync(door, new Dictionary<string, string> { [member] = identifier, ["password"] = HostFixture.AdminPassword });
            right.MustBe(403, "forbidden");
            var wrong = await node.Client.PostAsync(door, new Dictionary<string, string> { [member] = identifier, ["password"] = "not this one, no" });
            Assert.Equal((right.Status, right.Text), (wrong.Status, wrong.Text));
            // Nor by the client behind it.
            using var direct = await node.Client.TokenAsync(
                ("grant_type", "password"), ("client_id", "identityhost"), ("username", HostFixture.AdminName), ("password", HostFixture.AdminPassword));
            Assert.Equal("invalid_client", (await direct.JsonAsync())["error"]!.GetValue<string>());
        }
        await host.Client.AdminTokenAsync();
    }
}
