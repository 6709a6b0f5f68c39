using System.Diagnostics;
using System.Net;
using IdentityHost.Data.Entities;
using IdentityHost.ResourceServer;
using IdentityHost.Revocation;
using IdentityHost.Tests.Protocol;
using IdentityHost.Tests.Support;
using Npgsql;

namespace IdentityHost.Tests.Revocation;

/// <summary>The copy in memory and the database judge a token alike, for every kind of revocation.</summary>
[Collection(RevocationAlone.Name)]
public sealed class JudgementTests(HostFixture host)
{
    public static TheoryData<short, string, int?, bool> Rows => new()
    {
        { (short)RevocationKind.Token, "{jti}", null, true },
        { (short)RevocationKind.Token, "{gid}", null, false },
        { (short)RevocationKind.Grant, "{gid}", null, true },
        { (short)RevocationKind.Grant, "{sid}", null, false },
        { (short)RevocationKind.Session, "{sid}", null, true },
        { (short)RevocationKind.Session, "{jti}", null, false },
        { (short)RevocationKind.User, "{sub}", 4, true },
        { (short)RevocationKind.User, "{sub}", 3, false },
        { (short)RevocationKind.User, "{client}", 9, false },
        { (short)RevocationKind.UserAccess, "{sub}", 4, true },
        { (short)RevocationKind.UserAccess, "{sub}", 3, false },
        { (short)RevocationKind.Application, "{client}", 6, true },
        { (short)RevocationKind.Application, "{client}", 5, false },
        { (short)RevocationKind.Application, "{sub}", 9, false },
        { (short)RevocationKind.Key, "{kid}", null, true },
        { (short)RevocationKind.Key, "{jti}", null, false },
        { (short)RevocationKind.Block, "{jti}", null, false },
        { (short)RevocationKind.SigningKeys, "", null, false },
        { (short)RevocationKind.All, "", 9, false },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task Both_judge_alike(short kind, string key, int? epoch, bool dead)
    {
        var token = Token(person: true);
        var name = key.Replace("{jti}", token.TokenId, StringComparison.Ordinal).Replace("{gid}", token.GrantId, StringComparison.Ordinal)
            .Replace("{sid}", token.SessionId, StringComparison.Ordinal).Replace("{sub}", token.Subject, StringComparison.Ordinal)
            .Replace("{client}", token.ClientId, StringComparison.Ordinal).Replace("{kid}", token.KeyId, StringComparison.Ordinal);
        Assert.False(await JudgedAsync(token));
        await host.ExecuteAsync(
            "INSERT INTO revocations (kind, key, epoch, expires_at) VALUES ($1, $2, $3, identity_now() + interval '1 hour')",
            kind, name, (object?)epoch ?? DBNull.Value);
        await host.FeedReadAsync();
        Assert.Equal(dead, await JudgedAsync(token));
    }

    /// <summary>A client's own token has the client's name as its subject: what is said of a user by that name is not of it.</summary>
    [Fact]
    public async Task A_client_is_no_user()
    {
        var token = Token(person: false);
        await host.ExecuteAsync("INSERT INTO revocations (kind, key, epoch, expires_at) VALUES (3, $1, 99, identity_now() + interval '1 hour')", token.Subject);
        await host.FeedReadAsync();
        Assert.False(await JudgedAsync(token));
        await host.ExecuteAsync("INSERT INTO revocations (kind, key, epoch, expires_at) VALUES (4, $1, 99, identity_now() + interval '1 hour')", token.ClientId);
        await host.FeedReadAsync();
        Assert.True(await JudgedAsync(token));
    }

    /// <summary>Not only an older one: a database that went back does not know the newer.</summary>
    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public async Task Another_global_epoch_is_dead(int difference) => Assert.True(await JudgedAsync(Token(person: true, difference)));

    /// <summary>While the dump is loaded and nobody has seen it yet, the database itself lets nothing through.</summary>
    [Fact]
    public async Task A_loaded_row_is_no_epoch_to_anybody()
    {
        await using var connection = await host.Database.OpenConnectionAsync();
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await using var load = new NpgsqlCommand("UPDATE installation SET written_by = '3'", connection);
            await load.ExecuteNonQueryAsync();
            await using var ask = new NpgsqlCommand($"SELECT {Installation.EpochSql} IS NULL", connection);
            Assert.True((bool)(await ask.ExecuteScalarAsync())!);
        }
        await using var after = new NpgsqlCommand($"SELECT {Installation.EpochSql} IS NULL", connection);
        Assert.False((bool)(await after.ExecuteScalarAsync())!);
    }

    /// <summary>The database's epoch and an application's both count, by a fresh copy and by the database.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Case(86)]
    public async Task An_epoch_of_the_application_and_one_of_everything_are_both_obeyed(bool stale)
    {
        var tokens = await HostTokens.NewAsync(host);
        var (aep, gep) = (tokens.Payload()["aep"]!.GetValue<int>(), tokens.Payload()["gep"]!.GetValue<int>());
        // Both set, each alone.
        await host.ChangeApplicationAsync("demo", "epoch = epoch + 1");
        var right = tokens.WithClaims(("aep", aep + 1));
        foreach (var node in host.Nodes)
        {
            Assert.Equal(HttpStatusCode.OK, await StatusAsync(node, right, stale));
            Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(node, tokens.Token, stale));
            Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(node, tokens.WithClaims(("aep", aep + 1), ("gep", gep - 1)), stale));
            Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(node, tokens.WithClaims(("aep", aep), ("gep", gep)), stale));
        }
    }

    /// <summary>Of the users API, which introspection agrees with.</summary>
    async Task<HttpStatusCode> StatusAsync(HostNode node, string token, bool stale)
    {
        for (var attempt = 0; ; attempt++)
        {
            Assert.True(attempt < 20, "The copy was never as old, or as young, as it should be.");
            if (stale)
                await MakeStaleAsync(node);
            using var response = await node.Client.GetAsync("/users/current", token);
            using var introspect = new HttpRequestMessage(HttpMethod.Post, "/connect/introspect")
            {
                Content = new FormUrlEncodedContent([new("token", token)]),
                Headers = { Authorization = new("Basic", Convert.ToBase64String("demo-service:demo-service-secret-for-development-only"u8)) },
            };
            using var told = await node.Client.SendAsync(introspect);
            var active = (await told.JsonAsync())["active"]!.GetValue<bool>();
            // It was so at the end, and a copy becomes fresh only by being read.
            if (node.Service<RevocationCopy>().IsFresh == stale)
                continue;
            Assert.Equal(response.StatusCode == HttpStatusCode.OK, active);
            return response.StatusCode;
        }
    }

    /// <summary>Cuts the node's way to the feed: it tries again after a quarter of a second, and until then has nothing to rely on.</summary>
    async Task MakeStaleAsync(HostNode node)
    {
        await Eventually.TrueAsync(
            async () =>
            {
                await host.ExecuteAsync("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'identityhost feed' AND datname = current_database()");
                await Task.Delay(100);
                return !node.Service<RevocationCopy>().IsFresh;
            },
            TimeSpan.FromSeconds(10));
    }

    /// <summary>By both nodes' copies and by the database, which must agree.</summary>
    async Task<bool> JudgedAsync(AccessToken token)
    {
        var watch = Stopwatch.StartNew();
        while (!host.Nodes.All(n => n.Service<RevocationCopy>().IsFresh))
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(10));
            await Task.Delay(20);
        }
        var byDatabase = await host.Nodes[0].Service<DatabaseRevocations>().IsRevokedAsync(token, default);
        Assert.All(host.Nodes, n => Assert.Equal(byDatabase, n.Service<RevocationCopy>().Judge(token)));
        return byDatabase;
    }

    AccessToken Token(bool person, int difference = 0)
    {
        var id = Guid.NewGuid().ToString("N");
        return new AccessToken
        {
            Subject = person ? Random.Shared.NextInt64(1_000_000, long.MaxValue).ToString(System.Globalization.CultureInfo.InvariantCulture) : "client-" + id,
            ClientId = "client-" + id,
            TokenId = "jti-" + id,
            KeyId = "kid-" + id,
            SessionId = person ? "sid-" + id : null,
            GrantId = person ? "gid-" + id : null,
            UserEpoch = person ? 3 : null,
            ApplicationEpoch = 5,
            GlobalEpoch = host.Nodes[0].Service<RevocationCopy>().GlobalEpoch + difference,
            IssuedAt = DateTimeOffset.UnixEpoch,
            ExpiresAt = DateTimeOffset.MaxValue,
            Audiences = [],
        };
    }
}

/// <summary>Its own nodes, since it changes what others rely on.</summary>
[CollectionDefinition(Name)]
public sealed class RevocationAlone : ICollectionFixture<HostFixture>
{
    public const string Name = "Judgement";
}
