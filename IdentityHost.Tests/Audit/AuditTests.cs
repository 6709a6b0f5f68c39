using System.Net;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Audit;

/// <summary>What happened, when, by whom, through what and from where.</summary>
[Case(213)]
[Collection(SharedHost.Name)]
public sealed class AuditTests(HostFixture host)
{
    [Fact]
    public async Task Registration_sign_in_failure_and_sign_out_leave_their_rows()
    {
        var (username, id) = await host.Client.RegisterAsync();
        using (await host.Client.PasswordGrantAsync(username, "not the password"))
        {
        }
        var token = await host.Client.AccessTokenAsync(username);
        using (await host.Client.CallAsync(HttpMethod.Delete, "/users/logout", token))
        {
        }
        Assert.Equal(
            [new("user_registered", null, null), new("sign_in_failed", null, "demo"), new("signed_in", id, "demo"), new("signed_out", id, "demo")],
            await RowsAsync(id));
    }

    [Fact]
    public async Task Login_by_the_users_API_names_the_built_in_client()
    {
        var (username, id) = await host.Client.RegisterAsync();
        using var login = await host.Client.CallAsync(HttpMethod.Post, "/users/login", null, new { username, password = BackChannel.Password });
        Assert.Equal(HttpStatusCode.OK, login.StatusCode);
        Assert.Equal(new Row("signed_in", id, "identityhost"), (await RowsAsync(id))[^1]);
    }

    [Fact]
    public async Task A_block_is_told_once_by_the_wrong_password_that_caused_it()
    {
        var (username, id) = await host.Client.RegisterAsync();
        for (var i = 0; i < 7; i++)
        {
            using var refused = await host.Client.PasswordGrantAsync(username, "not the password");
            Assert.Equal(i < 5 ? HttpStatusCode.BadRequest : HttpStatusCode.TooManyRequests, refused.StatusCode);
        }
        var kinds = (await RowsAsync(id)).Select(r => r.Kind).ToList();
        Assert.Equal(["user_registered", .. Enumerable.Repeat("sign_in_failed", 5), "sign_in_blocked"], kinds);
    }

    [Fact]
    public async Task A_failure_for_a_name_that_nobody_has_is_told_without_the_name()
    {
        var name = "typed-" + BackChannel.NewName();
        var before = await host.ScalarAsync<long>("SELECT coalesce(max(id), 0) FROM audit_events");
        using var refused = await host.Client.PasswordGrantAsync(name, "not the password");
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE id > $1 AND kind = 'sign_in_failed' AND subject_id IS NULL", before));
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events e WHERE e::text ILIKE '%' || $1 || '%'", name));
    }

    [Fact]
    public async Task What_an_admin_does_to_a_person_names_both()
    {
        var admin = await host.Client.AdminTokenAsync();
        var actor = await host.ScalarAsync<long>("SELECT id FROM users WHERE user_name = $1", HostFixture.AdminName);
        var (_, id) = await host.Client.RegisterAsync();
        foreach (var status in (bool[])[false, true])
        {
            using var changed = await host.Client.CallAsync(HttpMethod.Patch, $"/users/{id}/status", admin, new { status });
            Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        }
        using var deleted = await host.Client.CallAsync(HttpMethod.Delete, $"/users/{id}", admin);
        Assert.Equal(HttpStatusCode.OK, deleted.StatusCode);
        Assert.Equal(
            [new("user_registered", null, null), new("user_disabled", actor, "demo"), new("user_enabled", actor, "demo"), new("user_deleted", actor, "demo")],
            await RowsAsync(id));
    }

    [Fact]
    public async Task The_first_start_tells_of_its_keys_its_applications_and_its_admin()
    {
        Assert.Equal(2, await host.ScalarAsync<long>(
            "SELECT count(*) FROM audit_events e JOIN signing_keys k ON k.kid = e.detail WHERE e.kind = 'signing_key_created'"));
        Assert.Equal(
            await host.ScalarAsync<long>("SELECT count(*) FROM applications WHERE declared"),
            await host.ScalarAsync<long>("SELECT count(DISTINCT client_id) FROM audit_events WHERE kind = 'application_declared'"));
        Assert.Equal(1, await host.ScalarAsync<long>(
            "SELECT count(*) FROM audit_events e JOIN users u ON u.id = e.subject_id WHERE e.kind = 'user_created' AND u.user_name = $1", HostFixture.AdminName));
    }

    /// <summary>In order; each with its time and the address it came from.</summary>
    async Task<List<Row>> RowsAsync(long subject)
    {
        await using var command = host.Database.CreateCommand("SELECT kind, actor_id, client_id, address, at, identity_now() FROM audit_events WHERE subject_id = $1 ORDER BY id");
        command.Parameters.Add(new() { Value = subject });
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<Row>();
        while (await reader.ReadAsync())
        {
            Assert.Equal("127.0.0.1", reader.GetString(3));
            var at = reader.GetDateTime(4);
            Assert.Equal(DateTimeKind.Utc, at.Kind);
            Assert.InRange(at, reader.GetDateTime(5).AddMinutes(-1), reader.GetDateTime(5));
            rows.Add(new Row(reader.GetString(0), reader.IsDBNull(1) ? null : reader.GetInt64(1), reader.IsDBNull(2) ? null : reader.GetString(2)));
        }
        return rows;
    }

    sealed record Row(string Kind, long? Actor, string? Client);
}
