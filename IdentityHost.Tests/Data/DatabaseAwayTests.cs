using System.Net;
using IdentityHost.Tests.Support;
using Npgsql;

namespace IdentityHost.Tests.Data;

/// <summary>The database goes while nodes serve, and comes back: 503 with a word when to return, and no restart of anything.</summary>
public sealed class DatabaseAwayTests(HostFixture host, TestPostgres postgres) : IClassFixture<HostFixture>
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public enum Way
    {
        /// <summary>The server refuses connections to it (55000).</summary>
        Closed,

        /// <summary>The server does not have it (3D000), as while it is restored.</summary>
        Gone,
    }

    [Theory]
    [InlineData(Way.Closed)]
    [InlineData(Way.Gone)]
    public async Task Both_nodes_answer_503_and_recover_by_themselves(Way way)
    {
        var (username, _) = await host.Client.RegisterAsync();
        var token = await host.Client.AccessTokenAsync(username);
        var name = new NpgsqlConnectionStringBuilder(host.ConnectionString).Database!;
        await TakeAwayAsync(name, way);
        try
        {
            foreach (var node in host.Nodes)
            {
                // The first answers meet connections that were cut, the later ones are refused new ones.
                for (var round = 0; round < 3; round++)
                {
                    await AssertAwayAsync(() => node.Client.PasswordGrantAsync(username, BackChannel.Password), "temporarily_unavailable");
                    await AssertAwayAsync(() => node.Client.GetAsync("/users/current", token), null);
                    await AssertAwayAsync(() => node.Client.CallAsync(HttpMethod.Post, "/users/login", null, new { username, password = BackChannel.Password }), null);
                }
                using var ready = await node.Client.GetAsync("/health/ready");
                Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
                using var live = await node.Client.GetAsync("/health/live");
                Assert.Equal(HttpStatusCode.OK, live.StatusCode);
                using var keys = await node.Client.GetAsync("/.well-known/jwks");
                Assert.Equal(HttpStatusCode.OK, keys.StatusCode);
            }
        }
        finally
        {
            await BringBackAsync(name, way);
        }
        foreach (var node in host.Nodes)
        {
            await Eventually.TrueAsync(
                async () =>
                {
                    using var ready = await node.Client.GetAsync("/health/ready");
                    using var current = await node.Client.GetAsync("/users/current", token);
                    using var granted = await node.Client.PasswordGrantAsync(username, BackChannel.Password);
                    return ready.IsSuccessStatusCode && current.IsSuccessStatusCode && granted.IsSuccessStatusCode;
                },
                Patience);
        }
    }

    static async Task AssertAwayAsync(Func<Task<HttpResponseMessage>> ask, string? code)
    {
        using var answer = await ask();
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == HttpStatusCode.ServiceUnavailable, $"{answer.StatusCode} {text}");
        Assert.NotNull(answer.Headers.RetryAfter);
        if (code is not null)
            Assert.Contains(code, text, StringComparison.Ordinal);
        Assert.All((string[])["Npgsql", "Exception", "   at ", "SELECT", "test_"], word => Assert.DoesNotContain(word, text, StringComparison.Ordinal));
    }

    async Task TakeAwayAsync(string name, Way way)
    {
        await AsSuperuserAsync($"ALTER DATABASE {name} ALLOW_CONNECTIONS false");
        await AsSuperuserAsync($"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'");
        if (way == Way.Gone)
            await AsSuperuserAsync($"ALTER DATABASE {name} RENAME TO {name}_gone");
    }

    async Task BringBackAsync(string name, Way way)
    {
        if (way == Way.Gone)
            await AsSuperuserAsync($"ALTER DATABASE {name}_gone RENAME TO {name}");
        await AsSuperuserAsync($"ALTER DATABASE {name} ALLOW_CONNECTIONS true");
    }

    async Task AsSuperuserAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(await postgres.SuperuserAsync());
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
