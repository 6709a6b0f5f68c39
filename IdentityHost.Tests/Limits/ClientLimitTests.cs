using System.Net;
using IdentityHost.Data.Entities;
using IdentityHost.Tests.Protocol;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Limits;

/// <summary>Wrong client secrets: counted by client and address over all nodes and endpoints, told once, and no way to shut a client out from elsewhere.</summary>
public sealed class ClientLimitTests(LimitedHost host) : IClassFixture<LimitedHost>
{
    const int Limit = LimitedHost.ClientFailures;

    [Fact]
    [Case(69)]
    [Case(205)]
    public async Task ThousandWrongSecrets_AreRefused_AndTheRightOneFromElsewhereWorks()
    {
        using var attacker = host.At("203.0.113.69");
        var statuses = new List<HttpStatusCode>();
        foreach (var round in Enumerable.Range(0, 20))
        {
            statuses.AddRange(await Task.WhenAll(Enumerable.Range(0, 50).Select(async i =>
            {
                using var response = await Secrets.Doors[i % Secrets.Doors.Count](attacker, "service-0", Secrets.Wrong + round + i);
                return response.StatusCode;
            })));
        }

        // Fifty at a time over two nodes and three endpoints: none is lost, and none more is told that it was wrong.
        Assert.Equal($"TooManyRequests {1000 - Limit}, Unauthorized {Limit}", Secrets.Count(statuses));
        await host.FeedReadAsync();
        foreach (var node in host.Nodes)
        {
            using var same = node.At("203.0.113.69");
            using var elsewhere = node.At("198.51.100.69");
            foreach (var door in Secrets.Doors)
                await door(same, "service-0", Secrets.Right).BlockedAsync(LimitedHost.Block);
            await Secrets.TokenAsync(elsewhere, "service-0", Secrets.Right).GrantedAsync();
            // Nor is its neighbour shut out: one client's mistakes count once against the address.
            await Secrets.TokenAsync(same, "service-1", Secrets.Right).GrantedAsync();
        }
        Assert.Equal(1, await host.ScalarAsync<int>("SELECT failures FROM failure_counters WHERE key = sha256(convert_to(E'secrets\n203.0.113.69', 'UTF8'))"));
        Assert.Equal(1, await host.ScalarAsync<long>(
            "SELECT count(*) FROM audit_events WHERE kind = 'client_blocked' AND client_id = 'service-0' AND address = '203.0.113.69'"));
        // The block travels by the feed, under the counter's key, for as long as it lasts.
        Assert.Equal(1, await host.ScalarAsync<long>(
            """
            SELECT count(*) FROM failure_counters c JOIN revocations r
                ON r.key = rtrim(translate(encode(c.key, 'base64'), '+/', '-_'), '=') AND r.expires_at = c.blocked_until
            WHERE r.kind = $1 AND r.epoch IS NULL
                AND c.key = sha256(convert_to(E'client\nservice-0\n203.0.113.69', 'UTF8'))
            """,
            (short)RevocationKind.Block));
    }

    /// <summary>Until the limit and beyond it: what is answered does not tell whether there is such a client, nor whether its secret was right.</summary>
    [Fact]
    [Case(60)]
    [Case(69)]
    public async Task UnknownAndDisabledClients_AreAnsweredAlike()
    {
        var known = await SeriesAsync("service-1", Secrets.Wrong);
        Assert.Equal(known, await SeriesAsync("nobody", Secrets.Wrong));
        Assert.Equal(known, await SeriesAsync("disabled-service", Secrets.Wrong));
        Assert.Equal(known, await SeriesAsync("disabled-service", Secrets.Right));
        // The name was a secret in the wrong field, perhaps: it is written nowhere.
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE client_id = 'nobody'"));
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE kind = 'client_blocked' AND client_id = 'service-1'"));
    }

    /// <summary>Anybody can name a public client and add a secret; those who use it are not touched.</summary>
    [Fact]
    [Case(69)]
    [Case(151)]
    public async Task PublicClient_CannotBeShutOut()
    {
        using var client = host.At("203.0.113.70");
        var (username, _) = await host.Client.RegisterAsync();
        for (var i = 0; i < Limit; i++)
            await Secrets.TokenAsync(client, "demo", Secrets.Wrong).RefusedAsync(HttpStatusCode.Unauthorized, "invalid_client");
        await Secrets.TokenAsync(client, "demo", Secrets.Wrong).BlockedAsync(LimitedHost.Block);
        foreach (var node in host.Nodes)
        {
            using var same = node.At("203.0.113.70");
            var signedIn = await same.PasswordGrantAsync(username, BackChannel.Password).GrantedAsync();
            await same.TokenAsync(("grant_type", "refresh_token"), ("client_id", "demo"), ("refresh_token", signedIn["refresh_token"]!.GetValue<string>())).GrantedAsync();
        }
    }

    /// <summary>One wrong secret each for many clients: no client is blocked, the address is. Passwords and tokens of it go on.</summary>
    [Fact]
    [Case(69)]
    [Case(152)]
    public async Task WrongSecretsOverManyClients_BlockTheAddress()
    {
        using var attacker = host.At("203.0.113.71");
        var statuses = new List<HttpStatusCode>();
        for (var i = 0; i < 6; i++)
        {
            statuses.AddRange(await Task.WhenAll(Enumerable.Range(0, 20).Select(async j =>
            {
                using var response = await Secrets.Doors[j % Secrets.Doors.Count](attacker, $"guess-{i}-{j}", Secrets.Wrong);
                return response.StatusCode;
            })));
        }
        Assert.Equal($"TooManyRequests 20, Unauthorized {LimitedHost.AddressFailures}", Secrets.Count(statuses));
        await host.FeedReadAsync();

        var (username, _) = await host.Client.RegisterAsync();
        foreach (var node in host.Nodes)
        {
            using var same = node.At("203.0.113.71");
            using var elsewhere = node.At("198.51.100.71");
            await Secrets.TokenAsync(same, "service-2", Secrets.Right).BlockedAsync(LimitedHost.Block);
            await Secrets.TokenAsync(elsewhere, "service-2", Secrets.Right).GrantedAsync();
            await same.PasswordGrantAsync(username, BackChannel.Password).GrantedAsync();
        }
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE kind = 'address_blocked' AND address = '203.0.113.71'"));
    }

    /// <summary>What is refused before a secret is compared is no guess.</summary>
    [Fact]
    [Case(62)]
    public async Task RequestsThatShowNoSecret_DoNotCount()
    {
        using var client = host.At("203.0.113.72");
        for (var i = 0; i < 2 * Limit; i++)
        {
            await client.TokenAsync(("grant_type", "client_credentials"), ("client_id", "service-3")).RefusedAsync(HttpStatusCode.Unauthorized, "invalid_client");
            await client.AuthorizedAsync("Basic !!!!", ("grant_type", "client_credentials")).RefusedAsync(HttpStatusCode.Unauthorized, "invalid_client");
            await Secrets.TokenAsync(client, "service-3", new string('x', 600)).RefusedAsync(HttpStatusCode.Unauthorized, "invalid_client");
        }
        await Secrets.TokenAsync(client, "service-3", Secrets.Right).GrantedAsync();
    }

    /// <summary>The answers to one series from an address of its own, without what counts down.</summary>
    async Task<List<string>> SeriesAsync(string id, string secret)
    {
        using var client = host.At($"203.0.113.{100 + Interlocked.Increment(ref _series)}");
        var answers = new List<string>();
        for (var i = 0; i < Limit + 4; i++)
        {
            using var response = await Secrets.Doors[i % Secrets.Doors.Count](client, id, secret);
            if (response.Headers.RetryAfter is not null)
                response.Headers.RetryAfter = new(TimeSpan.FromSeconds(1));
            answers.Add(await response.FingerprintAsync());
        }
        Assert.Equal(2, answers.Distinct().Count());
        return answers;
    }

    int _series;
}
