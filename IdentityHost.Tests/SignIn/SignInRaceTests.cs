using System.Net;
using IdentityHost.Tests.Protocol;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.SignIn;

/// <summary>An account that is disabled while its password is being checked.</summary>
[Collection(SharedHost.Name)]
public sealed class SignInRaceTests(HostFixture host)
{
    /// <summary>Sign-ins begin before, during and after; whatever they were answered, nothing of theirs is alive afterwards.</summary>
    [Fact]
    public async Task DisabledWhileSigningIn_LeavesNothingAlive()
    {
        var admin = await host.Client.AdminTokenAsync();
        var granted = 0;
        var refused = 0;
        for (var round = 0; round < 6; round++)
        {
            var (username, id) = await host.Client.RegisterAsync();
            var signIns = Enumerable.Range(0, 8).Select(async _ =>
            {
                using var response = await host.Client.PasswordGrantAsync(username, BackChannel.Password);
                Assert.True(response.StatusCode is HttpStatusCode.OK or HttpStatusCode.BadRequest, $"{(int)response.StatusCode}");
                return (await response.JsonAsync())["access_token"]?.GetValue<string>();
            }).ToList();
            await Task.Delay(10 * round);
            using (var disable = await host.Client.CallAsync(HttpMethod.Patch, $"/users/{id}/status", admin, new { status = false }))
                Assert.True(disable.IsSuccessStatusCode, await disable.Content.ReadAsStringAsync());
            var tokens = await Task.WhenAll(signIns);

            Assert.Equal(0, await host.LiveSessionsAsync(id));
            Assert.Equal(0, await host.LiveGrantsAsync(id));
            foreach (var token in tokens.OfType<string>())
                await host.EventuallyRefusedAsync(token);
            granted += tokens.Count(t => t is not null);
            refused += tokens.Count(t => t is null);
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"{granted} granted before, {refused} refused after");
    }

    /// <summary>
    /// The same with certainty: the sign-in has its verdict and waits for the account's row, which whoever disables the person holds.
    /// </summary>
    [Fact]
    public async Task DisabledBetweenVerdictAndSession_GetsNoToken()
    {
        foreach (var node in host.Nodes)
        {
            var (username, id) = await host.Client.RegisterAsync();
            await using var connection = await host.Database.OpenConnectionAsync();
            await using var transaction = await connection.BeginTransactionAsync();
            await using (var disable = new Npgsql.NpgsqlCommand("UPDATE users SET status = false, epoch = epoch + 1 WHERE id = $1", connection))
            {
                disable.Parameters.Add(new() { Value = id });
                await disable.ExecuteNonQueryAsync();
            }
            var signIn = node.Client.PasswordGrantAsync(username, BackChannel.Password);
            await WaitForLockAsync();
            await transaction.CommitAsync();

            await signIn.RefusedAsync("invalid_grant");
            Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM sessions WHERE user_id = $1", id));
            Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE kind = 'signed_in' AND subject_id = $1", id));
        }
    }

    /// <summary>The application, likewise.</summary>
    [Fact]
    public async Task ApplicationDisabledBetweenVerdictAndGrant_GetsNoToken()
    {
        var (username, id) = await host.Client.RegisterAsync();
        await using var connection = await host.Database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using (var disable = new Npgsql.NpgsqlCommand("UPDATE applications SET epoch = epoch + 1 WHERE client_id = 'demo'", connection))
            await disable.ExecuteNonQueryAsync();
        var signIn = host.Client.PasswordGrantAsync(username, BackChannel.Password);
        await WaitForLockAsync();
        await transaction.CommitAsync();

        await signIn.RefusedAsync("invalid_grant");
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM grants WHERE user_id = $1", id));
        // What the host's own writer says in the transaction of such a change.
        await host.ChangeApplicationAsync("demo", "epoch = epoch");
        // Nothing of the refused sign-in stands, and its slot is free.
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM sessions WHERE user_id = $1", id));
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE subject_id = $1 AND kind = 'signed_in'", id));
        await host.Client.PasswordGrantAsync(username, BackChannel.Password).GrantedAsync();
    }

    async Task WaitForLockAsync()
    {
        var deadline = DateTime.UtcNow + TimeSpan.FromSeconds(10);
        while (await host.ScalarAsync<long>("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") == 0)
        {
            Assert.True(DateTime.UtcNow < deadline, "The sign-in does not wait for the row.");
            await Task.Delay(10);
        }
    }
}
