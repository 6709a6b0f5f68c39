using System.Net;
using IdentityHost.Data.Entities;
using IdentityHost.Tests.Protocol;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.SignIn;

/// <summary>Which password is the right one, and what is told to whom.</summary>
[Collection(SharedHost.Name)]
public sealed class PasswordTests(HostFixture host)
{
    [Fact]
    [Case(147)]
    public async Task Password_IsComparedExactlyAsTyped()
    {
        const string Right = "0123456789 abcdefghij 0123456789 ABCDEFGHIJ 0123456789 abcdefghij 0123456789 tail";
        var variants = new[]
        {
            Right + " ", " " + Right, Right.Trim('l'), Right.ToUpperInvariant(), Right.ToLowerInvariant(),
            Right[..72] + "X" + Right[73..], Right[..72], Right + "x", Right.Replace("f", "\uff46", StringComparison.Ordinal),
        };
        foreach (var node in host.Nodes)
        {
            foreach (var variant in variants)
            {
                // Each on an account of its own: five wrong ones would block.
                var username = await AccountAsync(Right);
                using var login = await node.Client.LoginAsync(username, variant);
                Assert.Equal(HttpStatusCode.Unauthorized, login.StatusCode);
                using var right = await node.Client.LoginAsync(username, Right);
                Assert.Equal(HttpStatusCode.OK, right.StatusCode);
            }
        }
    }

    [Fact]
    [Case(154)]
    public async Task PersonWithoutPassword_HasNoneThatWorks()
    {
        var (username, id) = await host.Client.RegisterAsync();
        await host.ExecuteAsync("UPDATE users SET password_hash = NULL, password_origin = $2 WHERE id = $1", id, (short)PasswordOrigin.None);
        foreach (var node in host.Nodes)
        {
            foreach (var guess in new[] { BackChannel.Password, HostFixture.AdminPassword })
                await node.Client.PasswordGrantAsync(username, guess).RefusedAsync("invalid_grant");
            using var empty = await node.Client.LoginAsync(username, "");
            Assert.Equal(HttpStatusCode.BadRequest, empty.StatusCode);
        }
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM sessions WHERE user_id = $1", id));
    }

    [Fact]
    public async Task Disabled_IsToldAfterTheRightPasswordOnly()
    {
        var (username, id) = await host.Client.RegisterAsync();
        await host.ExecuteAsync("UPDATE users SET status = false WHERE id = $1", id);
        foreach (var node in host.Nodes)
        {
            var wrong = await node.Client.PasswordGrantAsync(username, "wrong password").RefusedAsync("invalid_grant");
            Assert.False(wrong.ContainsKey("error_code"));
            var right = await node.Client.PasswordGrantAsync(username, BackChannel.Password).RefusedAsync("invalid_grant");
            Assert.Equal("account_disabled", right["error_code"]!.GetValue<string>());
            using var login = await node.Client.LoginAsync(username, BackChannel.Password);
            Assert.Equal(HttpStatusCode.Forbidden, login.StatusCode);
            Assert.Equal("account_disabled", (await login.JsonAsync())["code"]!.GetValue<string>());
        }
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM sessions WHERE user_id = $1", id));
    }

    [Fact]
    public async Task SystemPasswordThatRanOut_IsNoPassword()
    {
        var (username, id) = await host.Client.RegisterAsync();
        await host.ExecuteAsync("UPDATE users SET password_origin = $2, password_expires_at = identity_now() + interval '1 hour' WHERE id = $1", id, (short)PasswordOrigin.System);
        await host.Client.PasswordGrantAsync(username, BackChannel.Password).GrantedAsync();

        await host.ExecuteAsync("UPDATE users SET password_expires_at = identity_now() - interval '1 second' WHERE id = $1", id);
        foreach (var node in host.Nodes)
        {
            var refused = await node.Client.PasswordGrantAsync(username, BackChannel.Password, ("new_password", "another quiet place")).RefusedAsync("invalid_grant");
            // Not told from a wrong one.
            Assert.False(refused.ContainsKey("error_code"));
        }
    }

    [Fact]
    [Case(210)]
    public async Task HashOfFewerRounds_IsReplacedAtSignIn()
    {
        var (username, id) = await host.Client.RegisterAsync();
        // Identity's v3 layout, PBKDF2-SHA512 with 1,000 rounds.
        var weak = new Microsoft.AspNetCore.Identity.PasswordHasher<User>(Microsoft.Extensions.Options.Options.Create(
            new Microsoft.AspNetCore.Identity.PasswordHasherOptions { IterationCount = 1_000 })).HashPassword(null!, BackChannel.Password);
        await host.ExecuteAsync("UPDATE users SET password_hash = $2 WHERE id = $1", id, weak);
        var (epoch, version) = (await host.ScalarAsync<int>("SELECT epoch FROM users WHERE id = $1", id), await host.ScalarAsync<long>("SELECT version FROM users WHERE id = $1", id));

        await host.Client.PasswordGrantAsync(username, "wrong password").RefusedAsync("invalid_grant");
        Assert.Equal(1_000, await RoundsAsync(id));
        var token = await host.Client.AccessTokenAsync(username);

        Assert.Equal(10_000, await RoundsAsync(id));
        // It is the same password: nobody is signed out, and no ETag moves.
        Assert.Equal((epoch, version), (await host.ScalarAsync<int>("SELECT epoch FROM users WHERE id = $1", id), await host.ScalarAsync<long>("SELECT version FROM users WHERE id = $1", id)));
        foreach (var node in host.Nodes)
        {
            using var current = await node.Client.GetAsync("/users/current", token);
            Assert.Equal(HttpStatusCode.OK, current.StatusCode);
            await node.Client.AccessTokenAsync(username);
        }
    }

    [Theory]
    [InlineData("a\0b")]
    [InlineData("a\ud800b")]
    [InlineData("'; DROP TABLE users; --")]
    [InlineData("%")]
    [InlineData("a@b@c")]
    [InlineData("\u0130@\u0131.example")]
    [InlineData("@")]
    public async Task HostileName_IsRefusedLikeAnyOther(string name)
    {
        foreach (var node in host.Nodes)
        {
            // As \u escapes: a text with half a surrogate pair has no other form.
            var json = string.Concat(name.Select(c => $"\\u{(int)c:x4}"));
            using var content = new StringContent($$"""{"username":"{{json}}","password":"wrong password"}""", System.Text.Encoding.UTF8, "application/json");
            using var login = await node.Client.PostAsync("/users/login", content);
            Assert.True(login.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.BadRequest, $"{(int)login.StatusCode}");
            Answers.Clean(await login.Content.ReadAsStringAsync());
        }
    }

    Task<int> RoundsAsync(long id) => RoundsOfAsync(host.ScalarAsync<string>("SELECT password_hash FROM users WHERE id = $1", id));

    static async Task<int> RoundsOfAsync(Task<string?> hash) =>
        System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(Convert.FromBase64String((await hash)!).AsSpan(5));

    async Task<string> AccountAsync(string password)
    {
        var username = BackChannel.NewName();
        using var response = await System.Net.Http.Json.HttpClientJsonExtensions.PostAsJsonAsync(host.Client, "/users/register", new { username, password });
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return username;
    }
}
