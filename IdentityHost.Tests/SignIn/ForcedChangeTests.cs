using System.Net;
using System.Net.Http.Json;
using IdentityHost.Tests.Protocol;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.SignIn;

/// <summary>A password that must be changed before it opens anything: one request does both.</summary>
[Collection(SharedHost.Name)]
public sealed class ForcedChangeTests(HostFixture host)
{
    const string NewPassword = "another quiet place";

    [Fact]
    public async Task MustChange_ThenChanged_EndsEverythingOlder()
    {
        var (username, id) = await host.Client.RegisterAsync();
        var older = await host.Client.AccessTokenAsync(username);
        await host.ExecuteAsync("UPDATE users SET must_change_password = true WHERE id = $1", id);

        foreach (var node in host.Nodes)
        {
            var refused = await node.Client.PasswordGrantAsync(username, BackChannel.Password).RefusedAsync("invalid_grant");
            Assert.Equal("password_change_required", refused["error_code"]!.GetValue<string>());
            using var login = await node.Client.LoginAsync(username, BackChannel.Password);
            Assert.Equal(HttpStatusCode.Forbidden, login.StatusCode);
            Assert.Equal("password_change_required", (await login.JsonAsync())["code"]!.GetValue<string>());
        }
        var answer = await host.Client.PasswordGrantAsync(username, BackChannel.Password, ("new_password", NewPassword)).GrantedAsync();

        await host.EventuallyRefusedAsync(older);
        foreach (var node in host.Nodes)
        {
            using var current = await node.Client.GetAsync("/users/current", answer["access_token"]!.GetValue<string>());
            Assert.Equal(HttpStatusCode.OK, current.StatusCode);
            await node.Client.PasswordGrantAsync(username, BackChannel.Password).RefusedAsync("invalid_grant");
            await node.Client.PasswordGrantAsync(username, NewPassword).GrantedAsync();
        }
        Assert.False(await host.ScalarAsync<bool>("SELECT must_change_password FROM users WHERE id = $1", id));
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE kind = 'password_changed' AND subject_id = $1", id));
        // The one from before; the change's own and the two sign-ins after it live.
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM grants WHERE user_id = $1 AND ended_at IS NOT NULL", id));
        Assert.Equal(3, await host.ScalarAsync<long>("SELECT count(*) FROM grants WHERE user_id = $1 AND ended_at IS NULL", id));
    }

    [Fact]
    public async Task MustChange_ByLogin_Works()
    {
        var (username, id) = await host.Client.RegisterAsync();
        await host.ExecuteAsync("UPDATE users SET must_change_password = true WHERE id = $1", id);
        using var weak = await host.Client.PostAsJsonAsync("/users/login", new { username, password = BackChannel.Password, new_password = "password" });
        Assert.Equal((HttpStatusCode.BadRequest, "weak_password"), (weak.StatusCode, (await weak.JsonAsync())["code"]!.GetValue<string>()));
        using var changed = await host.Client.PostAsJsonAsync("/users/login", new { username, password = BackChannel.Password, new_password = NewPassword });
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        using var login = await host.Client.LoginAsync(username, NewPassword);
        Assert.Equal(HttpStatusCode.OK, login.StatusCode);
    }

    [Theory]
    [InlineData("short")]
    [InlineData("password123")]
    [InlineData(BackChannel.Password)]
    [InlineData("{name}")]
    public async Task WeakNewPassword_IsRefused_AndNothingChanges(string wish)
    {
        var (username, id) = await host.Client.RegisterAsync();
        await host.ExecuteAsync("UPDATE users SET must_change_password = true WHERE id = $1", id);
        var hash = await host.ScalarAsync<string>("SELECT password_hash FROM users WHERE id = $1", id);
        foreach (var node in host.Nodes)
        {
            var refused = await node.Client
                .PasswordGrantAsync(username, BackChannel.Password, ("new_password", wish.Replace("{name}", username, StringComparison.Ordinal)))
                .RefusedAsync("invalid_grant");
            Assert.Equal("weak_password", refused["error_code"]!.GetValue<string>());
        }
        Assert.Equal(hash, await host.ScalarAsync<string>("SELECT password_hash FROM users WHERE id = $1", id));
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM sessions WHERE user_id = $1", id));
    }

    /// <summary>Nobody learns that a change is due, or makes one, without the password.</summary>
    [Fact]
    public async Task WrongPassword_WithANewOne_IsJustWrong()
    {
        var (username, id) = await host.Client.RegisterAsync();
        await host.ExecuteAsync("UPDATE users SET must_change_password = true WHERE id = $1", id);
        foreach (var node in host.Nodes)
        {
            var refused = await node.Client.PasswordGrantAsync(username, "wrong password", ("new_password", NewPassword)).RefusedAsync("invalid_grant");
            Assert.False(refused.ContainsKey("error_code"));
        }
    }

    /// <summary>
    /// Of several changes at once one wins, and who lost has no session: else whoever knows the old password keeps a way in, or somebody is
    /// told of a new password that is not the one in force.
    /// </summary>
    [Fact]
    public async Task ChangesAtOnce_OneWins()
    {
        for (var round = 0; round < 5; round++)
        {
            var (username, id) = await host.Client.RegisterAsync();
            var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(async i =>
            {
                using var response = await host.Client.PasswordGrantAsync(username, BackChannel.Password, ("new_password", $"{NewPassword} {i}"));
                Assert.True((int)response.StatusCode < 500);
                return (Number: i, Token: (await response.JsonAsync())["access_token"]?.GetValue<string>());
            }));

            var winner = Assert.Single(answers, answer => answer.Token is not null);
            await host.Client.PasswordGrantAsync(username, $"{NewPassword} {winner.Number}").GrantedAsync();
            Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE kind = 'password_changed' AND subject_id = $1", id));
            Assert.Equal(2, await host.ScalarAsync<long>("SELECT count(*) FROM sessions WHERE user_id = $1 AND ended_at IS NULL", id));
            foreach (var node in host.Nodes)
            {
                using var current = await node.Client.GetAsync("/users/current", winner.Token!);
                Assert.Equal(HttpStatusCode.OK, current.StatusCode);
            }
        }
    }
}
