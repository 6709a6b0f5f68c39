using System.Net;
using IdentityHost.Tests.Protocol;
using IdentityHost.Tests.Support;
using Npgsql;

namespace IdentityHost.Tests.SignIn;

/// <summary>Five nodes that start together on an empty database: one schema, one ring, one signing key of each algorithm, one admin.</summary>
[Collection(Alone.Name)]
public sealed class FirstStartTests(TestPostgres postgres)
{
    const int NodeCount = 5;

    /// <summary>The full run has twenty rounds: <c>IDENTITYHOST_FULL=true</c>.</summary>
    static int Rounds => Environment.GetEnvironmentVariable("IDENTITYHOST_FULL") == "true" ? 20 : 3;

    [Fact]
    [Case(144)]
    [Case("R15")]
    [Case("R19")]
    public async Task FiveNodesAtOnce_MakeOneOfEach()
    {
        for (var round = 0; round < Rounds; round++)
        {
            // In the last round the host chooses the admin's password itself.
            var generated = round == Rounds - 1;
            var database = await postgres.CreateEmptyDatabaseAsync();
            var settings = new Dictionary<string, string?>();
            if (generated)
                settings["SEED_ADMIN_PASSWORD"] = "";
            var nodes = await Task.WhenAll(Enumerable.Range(0, NodeCount).Select(_ => Task.Run(() => HostNode.StartAsync(database, settings))));
            try
            {
                await AssertOneOfEachAsync(database);
                await AssertAllServeAsync(nodes, generated);
            }
            finally
            {
                foreach (var node in nodes)
                    await node.DisposeAsync();
                await postgres.DropDatabaseAsync(database);
            }
        }
    }

    static async Task AssertOneOfEachAsync(string database)
    {
        await using var source = NpgsqlDataSource.Create(database);
        foreach (var (what, sql) in new[]
        {
            ("repeated migrations", """SELECT count(*) - count(DISTINCT "MigrationId") + 1 FROM "__EFMigrationsHistory" """),
            ("key rings", "SELECT count(*) FROM data_protection_keys"),
            ("signing keys of an algorithm", "SELECT max(n) FROM (SELECT count(*) AS n FROM signing_keys GROUP BY algorithm) k"),
            ("admins", "SELECT count(*) FROM users"),
            ("admins' events", "SELECT count(*) FROM audit_events WHERE kind = 'user_created'"),
            ("built-in applications", "SELECT count(*) FROM applications WHERE client_id = 'identityhost'"),
        })
        {
            await using var command = source.CreateCommand(sql);
            var count = Convert.ToInt64(await command.ExecuteScalarAsync(), System.Globalization.CultureInfo.InvariantCulture);
            Assert.True(count == 1, $"{count} {what}");
        }
    }

    static async Task AssertAllServeAsync(HostNode[] nodes, bool generated)
    {
        var keys = new HashSet<string>(StringComparer.Ordinal);
        foreach (var node in nodes)
        {
            using var ready = await node.Client.GetAsync(new Uri("/health/ready", UriKind.Relative));
            Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
            keys.Add(await node.Client.GetStringAsync(new Uri("/.well-known/jwks", UriKind.Relative)));
        }
        Assert.Single(keys);

        var admins = nodes.Select(node => node.Service<IdentityHost.Users.FirstAdmin>().Generated).OfType<IdentityHost.Users.GeneratedAdmin>().ToList();
        var password = HostFixture.AdminPassword;
        if (generated)
        {
            // One node made it and knows it; no log of any node does, and no guess opens it.
            password = Assert.Single(admins).Password;
            Assert.True(password.Length >= 16, "The generated password is short.");
            foreach (var node in nodes)
                Assert.DoesNotContain(node.Log.Lines, line => line.Contains(password, StringComparison.Ordinal));
            foreach (var guess in new[] { "admin", "password", HostFixture.AdminPassword })
                await nodes[0].Client.PasswordGrantAsync(HostFixture.AdminName, guess).RefusedAsync("invalid_grant");
        }
        else
        {
            Assert.Empty(admins);
        }
        var token = await nodes[0].Client.AccessTokenAsync(HostFixture.AdminName, password);
        foreach (var node in nodes)
        {
            using var current = await node.Client.GetAsync("/users/current", token);
            Assert.Equal(HttpStatusCode.OK, current.StatusCode);
        }
    }
}
