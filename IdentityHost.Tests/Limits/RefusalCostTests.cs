using IdentityHost.Tests.Protocol;
using IdentityHost.Tests.SignIn;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Limits;

/// <summary>Who is blocked cannot make the database write: not a row, not a lock on one.</summary>
public sealed class RefusalCostTests(LimitedHost host) : IClassFixture<LimitedHost>
{
    const int Requests = 30;

    [Fact]
    [Case(203)]
    public async Task BlockedSecret_WritesNothing()
    {
        using var client = host.At("203.0.113.30");
        for (var i = 0; i < LimitedHost.ClientFailures; i++)
            await Secrets.TokenAsync(client, "service-0", Secrets.Wrong).RefusedAsync(System.Net.HttpStatusCode.Unauthorized, "invalid_client");
        await NothingIsWrittenAsync(i => Secrets.Doors[i % Secrets.Doors.Count](client, "service-0", Secrets.Wrong));
    }

    [Fact]
    [Case(203)]
    public async Task BlockedAddress_WritesNothing()
    {
        using var client = host.At("203.0.113.31");
        for (var i = 0; i < LimitedHost.AddressFailures; i += 10)
            await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => client.PasswordGrantAsync(BackChannel.NewName(), "wrong password").RefusedAsync("invalid_grant")));
        await NothingIsWrittenAsync(i => Doors.All[i % Doors.All.Count](client, BackChannel.NewName(), "wrong password"));
    }

    [Fact]
    [Case(203)]
    public async Task BlockedName_WritesNothing()
    {
        using var client = host.At("203.0.113.32");
        var name = BackChannel.NewName();
        for (var i = 0; i < 5; i++)
            await client.PasswordGrantAsync(name, "wrong password").RefusedAsync("invalid_grant");
        await NothingIsWrittenAsync(i => Doors.All[i % Doors.All.Count](client, name, "wrong password"));
    }

    async Task NothingIsWrittenAsync(Func<int, Task<HttpResponseMessage>> request)
    {
        var before = await RowsAsync();
        for (var i = 0; i < Requests; i++)
            await request(i).BlockedAsync(LimitedHost.Block);
        Assert.Equal(before, await RowsAsync());
    }

    /// <summary>Every row with the transactions that wrote and locked it (xmin, xmax).</summary>
    async Task<string> RowsAsync() => (await host.ScalarAsync<string>(
        """
        SELECT string_agg(row, ' ' ORDER BY row) FROM (
            SELECT encode(key, 'hex') || xmin || '-' || xmax FROM sign_in_attempts
            UNION ALL SELECT encode(key, 'hex') || xmin || '-' || xmax FROM failure_counters
            UNION ALL SELECT 'audit' || count(*) FROM audit_events
            UNION ALL SELECT 'revocations' || count(*) FROM revocations) AS rows (row)
        """))!;
}
