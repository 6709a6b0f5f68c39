using System.Net;
using IdentityHost.Revocation;
using IdentityHost.Tests.Protocol;
using IdentityHost.Tests.Support;
using Npgsql;

namespace IdentityHost.Tests.Revocation;

/// <summary>
/// What a backup holds as good and what became of it afterwards: a refresh token that was used since, and a session that was ended since.
/// A database that goes back to the backup would take both.
/// </summary>
sealed class Lost
{
    readonly (string Access, string Refresh) _used;
    readonly (string Access, string Refresh) _ended;

    Lost((string, string) used, (string, string) ended) => (_used, _ended) = (used, ended);

    /// <summary>Signs in; now is the time for the backup.</summary>
    public static async Task<Lost> BeginAsync(HostNode node)
    {
        var (username, _) = await node.Client.RegisterAsync();
        return new Lost(await SignInAsync(node, username), await SignInAsync(node, username));
    }

    /// <summary>What the backup will not know.</summary>
    public async Task GoOnAsync(HostNode node)
    {
        var token = _used.Refresh;
        for (var i = 0; i < 3; i++)
            token = (await RefreshAsync(node, token).GrantedAsync())["refresh_token"]!.GetValue<string>();
        using var response = await node.Client.CallAsync(HttpMethod.Delete, "/users/logout", _ended.Access);
        Assert.True(response.IsSuccessStatusCode);
    }

    /// <summary>The sign-in goes on at this node: nothing was taken for a restore.</summary>
    public async Task LivesAsync(HostNode node)
    {
        using var response = await node.Client.GetAsync("/users/current", _used.Access);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    /// <summary>Nothing of it works at any of the nodes, and it is the epoch alone that stops it; who signs in now is let in, and out again.</summary>
    public async Task IsDeadAsync(string connectionString, IReadOnlyList<HostNode> nodes)
    {
        await using var database = new NpgsqlConnection(connectionString + ";Pooling=false");
        await database.OpenAsync();
        foreach (var node in nodes)
        {
            await RefreshAsync(node, _used.Refresh).RefusedAsync("invalid_grant");
            await RefreshAsync(node, _ended.Refresh).RefusedAsync("invalid_grant");
            foreach (var token in (string[])[_used.Access, _ended.Access])
            {
                using var response = await node.Client.GetAsync("/users/current", token);
                Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
            }
        }
        await NewSignInsAsync(nodes);
        await using var spare = new NpgsqlCommand("UPDATE sessions SET global_epoch = (SELECT epoch FROM installation)", database);
        Assert.True(await spare.ExecuteNonQueryAsync() > 0);
        await RefreshAsync(nodes[0], _ended.Refresh).GrantedAsync();
    }

    /// <summary>Waits until each node knows the epoch of the database. Returns it.</summary>
    public static async Task<int> NoticedAsync(string connectionString, IReadOnlyList<HostNode> nodes, int before)
    {
        var epoch = before;
        await Eventually.TrueAsync(
            async () =>
            {
                epoch = await EpochAsync(connectionString) ?? before;
                return epoch != before && nodes.All(n => n.Service<RevocationCopy>().IsFresh && n.Service<RevocationCopy>().GlobalEpoch == epoch);
            },
            TimeSpan.FromSeconds(20));
        foreach (var node in nodes)
        {
            // Requests would find out one by one that their connections are dead, each with a 503.
            node.Service<NpgsqlDataSource>().Clear();
        }
        return epoch;
    }

    /// <summary>The global epoch; null while there is none.</summary>
    public static async Task<int?> EpochAsync(string connectionString)
    {
        try
        {
            await using var database = new NpgsqlConnection(connectionString + ";Pooling=false");
            await database.OpenAsync();
            await using var command = new NpgsqlCommand("SELECT epoch FROM installation", database);
            return (int?)await command.ExecuteScalarAsync();
        }
        catch (NpgsqlException)
        {
            return null;
        }
    }

    /// <summary>How often the epoch was moved, by the audit.</summary>
    public static async Task<long> MovesAsync(string connectionString)
    {
        await using var database = new NpgsqlConnection(connectionString + ";Pooling=false");
        await database.OpenAsync();
        await using var command = new NpgsqlCommand("SELECT count(*) FROM audit_events WHERE kind = 'database_replaced'", database);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    static async Task NewSignInsAsync(IReadOnlyList<HostNode> nodes)
    {
        foreach (var node in nodes)
        {
            var (username, _) = await node.Client.RegisterAsync();
            var (access, refresh) = await SignInAsync(node, username);
            foreach (var other in nodes)
            {
                using var response = await other.Client.GetAsync("/users/current", access);
                Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            }
            refresh = (await RefreshAsync(nodes[^1], refresh).GrantedAsync())["refresh_token"]!.GetValue<string>();
            using (var response = await node.Client.CallAsync(HttpMethod.Delete, "/users/logout", access))
                Assert.True(response.IsSuccessStatusCode);
            foreach (var other in nodes)
            {
                await Eventually.TrueAsync(
                    async () =>
                    {
                        using var response = await other.Client.GetAsync("/users/current", access);
                        return response.StatusCode == HttpStatusCode.Unauthorized;
                    },
                    TimeSpan.FromSeconds(2));
            }
            await RefreshAsync(nodes[^1], refresh).RefusedAsync("invalid_grant");
        }
    }

    static async Task<(string Access, string Refresh)> SignInAsync(HostNode node, string username)
    {
        var body = await node.Client.PasswordGrantAsync(username, BackChannel.Password).GrantedAsync();
        return (body["access_token"]!.GetValue<string>(), body["refresh_token"]!.GetValue<string>());
    }

    static Task<HttpResponseMessage> RefreshAsync(HostNode node, string token) =>
        node.Client.TokenAsync(("grant_type", "refresh_token"), ("client_id", "demo"), ("refresh_token", token));
}
