using IdentityHost.Tests.Protocol;
using IdentityHost.Tests.Support;
using IdentityHost.Users.Passwords;

namespace IdentityHost.Tests.Users;

/// <summary>Two nodes whose operator wants one initial password for everybody, and says so twice.</summary>
public sealed class SharedPasswordHost(TestPostgres postgres) : HostFixture(postgres)
{
    public const string Shared = "shared-by-everybody-1";

    protected override IEnumerable<KeyValuePair<string, string?>> Settings =>
        [new("SYSTEM_USER_PASSWORD", Shared), new("Passwords:AllowSharedInitialPassword", "true")];
}

/// <summary><c>SYSTEM_USER_PASSWORD</c> of seed 001, where it is allowed.</summary>
public sealed class SharedPasswordTests(SharedPasswordHost host) : IClassFixture<SharedPasswordHost>
{
    [Fact, Case(154)]
    public async Task It_opens_what_an_admin_made_once_and_nothing_else()
    {
        var made = await MakeAsync("N");
        // The operator knows it; the answer repeats it to nobody.
        Assert.DoesNotContain(SharedPasswordHost.Shared, made.Text, StringComparison.Ordinal);
        Assert.Null(made.Data["generated_password"]);
        var username = made.Data["username"]!.GetValue<string>();
        foreach (var node in host.Nodes)
        {
            var refused = await node.Client.PasswordGrantAsync(username, SharedPasswordHost.Shared).RefusedAsync("invalid_grant");
            Assert.Equal("password_change_required", refused["error_code"]!.GetValue<string>());
        }
        await host.Client.PasswordGrantAsync(username, SharedPasswordHost.Shared, ("new_password", "another quiet place")).GrantedAsync();
        await host.Client.PasswordGrantAsync(username, SharedPasswordHost.Shared).RefusedAsync("invalid_grant");
    }

    [Fact]
    public async Task A_new_password_for_somebody_is_never_the_shared_one()
    {
        var (username, id) = await host.Client.RegisterAsync();
        var issued = await host.Client.AskAsync("POST", $"/users/{id}/password", await host.Client.ServiceTokenAsync());
        issued.MustBe(200);
        Assert.NotEqual(SharedPasswordHost.Shared, issued.Data["generated_password"]!.GetValue<string>());
        var refused = await host.Client.PasswordGrantAsync(username, SharedPasswordHost.Shared).RefusedAsync("invalid_grant");
        Assert.False(refused.ContainsKey("error_code"));
    }

    /// <summary>Who has the name that the shared one is built of gets one of their own.</summary>
    [Fact]
    public async Task Whom_the_policy_forbids_it_gets_their_own()
    {
        var made = await MakeAsync("N", "shared-by-everybody");
        Assert.NotNull(made.Data["generated_password"]);
    }

    [Fact]
    public void Every_start_says_that_it_opens_accounts() => Assert.All(
        host.Nodes,
        node => Assert.Contains(node.Log.Lines, l => l.StartsWith("Warning", StringComparison.Ordinal) && l.Contains("SYSTEM_USER_PASSWORD opens", StringComparison.Ordinal)));

    async Task<Answer> MakeAsync(string name, string? username = null)
    {
        var answer = await host.Client.AskAsync(
            "POST", "/users", await host.Client.ServiceTokenAsync(), UsersApi.Json(new { username, email = $"{BackChannel.NewName()}@example.com", name }));
        answer.MustBe(201);
        return answer;
    }
}

/// <summary><c>SYSTEM_USER_PASSWORD</c> where nobody allowed it, and where it cannot be.</summary>
public sealed class InitialPasswordTests(TestPostgres postgres)
{
    [Fact]
    public async Task Not_allowed_it_is_ignored_and_the_start_says_so()
    {
        var database = await postgres.CreateDatabaseAsync(default);
        await using (var node = await HostNode.StartAsync(database, [new("SYSTEM_USER_PASSWORD", SharedPasswordHost.Shared)]))
        {
            Assert.Contains(node.Log.Lines, l => l.StartsWith("Warning", StringComparison.Ordinal) && l.Contains("SYSTEM_USER_PASSWORD is ignored", StringComparison.Ordinal));
            var made = await node.Client.AskAsync(
                "POST", "/users", await node.Client.ServiceTokenAsync(), UsersApi.Json(new { email = "one@example.com", name = "N" }));
            made.MustBe(201);
            Assert.NotNull(made.Data["generated_password"]);
            var refused = await node.Client.PasswordGrantAsync("one@example.com", SharedPasswordHost.Shared).RefusedAsync("invalid_grant");
            Assert.False(refused.ContainsKey("error_code"));
            Assert.DoesNotContain(node.Log.Lines, l => l.Contains(SharedPasswordHost.Shared, StringComparison.Ordinal));
        }
        await postgres.DropDatabaseAsync(database);
    }

    [Fact]
    public async Task One_that_the_policy_refuses_stops_the_start_without_being_told()
    {
        const string Weak = "password123";
        var database = await postgres.CreateDatabaseAsync(default);
        var error = await Assert.ThrowsAnyAsync<Exception>(
            () => HostNode.StartAsync(database, [new("SYSTEM_USER_PASSWORD", Weak), new("Passwords:AllowSharedInitialPassword", "true")]));
        Assert.Contains("SYSTEM_USER_PASSWORD", error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(Weak, error.ToString(), StringComparison.Ordinal);
        await postgres.DropDatabaseAsync(database);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(23)]
    [InlineData(24)]
    [InlineData(64)]
    [InlineData(128)]
    public void A_generated_password_is_as_long_as_the_policy_wants(int minimum) =>
        Assert.Equal(Math.Max(23, minimum), GeneratedPassword.New(minimum).Length);
}
