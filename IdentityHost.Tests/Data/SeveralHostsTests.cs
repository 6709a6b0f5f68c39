using IdentityHost.Revocation;
using IdentityHost.Tests.Support;
using Npgsql;

namespace IdentityHost.Tests.Data;

/// <summary>A connection string that names several servers, as for a failover: the one that is there and writable is used, by requests and by the feed.</summary>
public sealed class SeveralHostsTests
{
    [Theory]
    [InlineData("")]
    [InlineData(";Target Session Attributes=primary")]
    [InlineData(";Target Session Attributes=read-write")]
    public async Task The_primary_is_found_behind_a_server_that_is_away(string attributes)
    {
        await using var postgres = await ThrowAwayPostgres.StartAsync();
        var there = new NpgsqlConnectionStringBuilder(postgres.ConnectionString);
        // Nothing listens on port 1.
        var several = $"Host=127.0.0.1:1,{there.Host}:{there.Port};Username={there.Username};Database=postgres{attributes}";
        await using var node = await HostNode.StartAsync(several, []);

        var token = await node.Client.AdminTokenAsync();
        using (var before = await node.Client.GetAsync("/users/current", token))
            Assert.True(before.IsSuccessStatusCode);
        Assert.True(node.Service<RevocationCopy>().IsFresh);
        using (var logout = await node.Client.CallAsync(HttpMethod.Delete, "/users/logout", token))
            Assert.True(logout.IsSuccessStatusCode);
        using var after = await node.Client.GetAsync("/users/current", token);
        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, after.StatusCode);
    }
}
