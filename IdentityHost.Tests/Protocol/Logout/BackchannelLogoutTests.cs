using System.Buffers.Text;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using IdentityHost.Protocol.Keys;
using IdentityHost.Tests.Support;
using Npgsql;

namespace IdentityHost.Tests.Protocol.Logout;

/// <summary>OpenID Connect Back-Channel Logout 1.0: who is told of which session, and how often.</summary>
[Collection(LogoutHost.Name)]
public sealed class BackchannelLogoutTests(LogoutHost host)
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    [Case(122)]
    public async Task Every_application_with_an_address_and_a_grant_gets_a_token_that_is_no_other()
    {
        var person = await host.BrowserAsync("quick", "quick", "other", "deaf");
        var watch = Stopwatch.GetTimestamp();
        using (await person.Tab.PostAsync("/sign-out", "/sign-out"))
        {
        }
        var ended = Stopwatch.GetTimestamp();
        var sid = person.Session.ToString("N");
        await ToldAsync(person.Session, 2);
        var logout = Assert.Single(host.Receiver.Of("quick", sid));
        Assert.Single(host.Receiver.Of("other", sid));
        Assert.DoesNotContain(host.Receiver.Received, r => r.Application is "deaf" or "elsewhere");
        Assert.Empty(host.Receiver.Strange);
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"The first try came {Stopwatch.GetElapsedTime(ended, logout.At).TotalMilliseconds:0} ms after the answer ({Stopwatch.GetElapsedTime(watch, ended).TotalMilliseconds:0} ms)");

        var header = JsonNode.Parse(Base64Url.DecodeFromChars(logout.Token.Split('.')[0]))!;
        Assert.Equal(("logout+jwt", "RS256"), (header["typ"]!.GetValue<string>(), header["alg"]!.GetValue<string>()));
        Assert.True(host.Nodes[0].Service<SigningKeys>().TryGet(header["kid"]!.GetValue<string>(), out var key));
        var dot = logout.Token.LastIndexOf('.');
        Assert.True(key.Verify(Encoding.ASCII.GetBytes(logout.Token[..dot]), Base64Url.DecodeFromChars(logout.Token.AsSpan(dot + 1))));

        var claims = logout.Claims;
        Assert.Equal(["aud", "events", "exp", "iat", "iss", "jti", "sid", "sub"], claims.Select(c => c.Key).Order(StringComparer.Ordinal));
        Assert.Equal((HostFixture.Issuer, "quick"), (claims["iss"]!.GetValue<string>(), claims["aud"]!.GetValue<string>()));
        Assert.Equal((person.Id.ToString(CultureInfo.InvariantCulture), sid), (claims["sub"]!.GetValue<string>(), logout.Session));
        Assert.InRange(claims["exp"]!.GetValue<long>() - claims["iat"]!.GetValue<long>(), 1, 120);
        Assert.Equal("""{"http://schemas.openid.net/event/backchannel-logout":{}}""", claims["events"]!.ToJsonString());
        Assert.InRange(logout.TokenId.Length, 20, 40);
        Assert.NotEqual(logout.TokenId, host.Receiver.Of("other", sid)[0].TokenId);
    }

    [Theory]
    [Case(122)]
    [InlineData("page")]
    [InlineData("everywhere")]
    [InlineData("other session")]
    [InlineData("api")]
    [InlineData("somebody else signs in")]
    [InlineData("password")]
    [InlineData("password by the API")]
    [InlineData("password of the system")]
    [InlineData("mailed link")]
    [InlineData("disable")]
    [InlineData("delete")]
    public async Task Whatever_ends_a_session_tells_of_it_once(string end)
    {
        var person = await host.BrowserAsync("quick", "quick");
        await host.EndAsync(person, end);
        await ToldAsync(person.Session, 1);
        Assert.Single(host.Receiver.Of("quick", person.Session.ToString("N")));
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM logout_messages WHERE session_id = $1", person.Session));
    }

    [Fact]
    public async Task Who_was_disabled_and_is_deleted_or_enabled_later_has_been_told_of()
    {
        var admin = await host.Client.AdminTokenAsync();
        foreach (var enable in new[] { true, false })
        {
            var person = await host.BrowserAsync("quick");
            await host.EndAsync(person, "disable");
            if (enable)
                await CallAsync(HttpMethod.Patch, $"/users/{person.Id}/status", admin, new { status = true });
            await CallAsync(HttpMethod.Delete, $"/users/{person.Id}", admin);
            await ToldAsync(person.Session, 1);
            Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM logout_messages WHERE session_id = $1", person.Session));
        }
    }

    [Fact]
    [Case(122)]
    public async Task Application_is_told_of_a_person_by_the_name_it_knows_them_by()
    {
        await host.ChangeApplicationAsync("paired", "sector_identifier = 'sector.example.com'");
        var person = await host.BrowserAsync("paired");
        await host.EndAsync(person, "page");
        await ToldAsync(person.Session, 1);
        var logout = Assert.Single(host.Receiver.Of("paired", person.Session.ToString("N")));
        var id = person.Id.ToString(CultureInfo.InvariantCulture);
        Assert.NotEqual(id, logout.Claims["sub"]!.GetValue<string>());
        Assert.Equal(person.OwnToken.Payload()["sub"]!.GetValue<string>(), logout.Claims["sub"]!.GetValue<string>());
    }

    [Fact]
    public async Task Session_of_somebody_else_is_not_ended_and_nobody_is_told()
    {
        var (person, other) = (await host.BrowserAsync("quick"), await host.BrowserAsync());
        using (var answer = await other.Tab.PostAsync("/account?handler=End", "/account", ("session", person.Session.ToString("N"))))
            Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
        Assert.True(await host.LivesAsync(person.Session));
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM logout_messages WHERE session_id = $1", person.Session));
    }

    [Fact]
    [Case("R33")]
    public async Task Grant_that_is_made_while_the_session_ends_is_told_of()
    {
        var person = await host.BrowserAsync("quick");
        await host.ExecuteAsync("DELETE FROM grants WHERE session_id = $1", person.Session);
        await using var connection = await host.Database.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
        const string MakeGrant =
            """
            WITH session AS MATERIALIZED (SELECT id, user_id, expires_at FROM sessions WHERE id = $1 FOR SHARE)
            INSERT INTO grants (id, session_id, user_id, application_id, scope, created_at, expires_at)
            SELECT gen_random_uuid(), s.id, s.user_id, a.id, 'openid', identity_now(), s.expires_at FROM session s, applications a WHERE a.client_id = 'quick'
            """;
        await using (var command = new NpgsqlCommand(MakeGrant, connection, transaction))
        {
            command.Parameters.Add(new NpgsqlParameter { Value = person.Session });
            Assert.Equal(1, await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken));
        }
        var leaving = person.Tab.PostAsync("/sign-out", "/sign-out");
        await Eventually.TrueAsync(
            async () => await host.ScalarAsync<long>("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") > 0, Patience);
        await transaction.CommitAsync(TestContext.Current.CancellationToken);
        using (await leaving)
        {
        }
        await ToldAsync(person.Session, 1);
    }

    [Fact]
    [Case(122)]
    public async Task What_an_application_refuses_is_given_up_with_its_words()
    {
        host.Receiver.Answer["refuses"] = 400;
        var person = await host.BrowserAsync("refuses");
        await host.EndAsync(person, "page");
        await Eventually.TrueAsync(
            async () => await host.ScalarAsync<string>("SELECT last_error FROM logout_messages WHERE session_id = $1 AND given_up_at IS NOT NULL", person.Session) is { } error
                && error.StartsWith("400 {", StringComparison.Ordinal) && error.Contains("no such session", StringComparison.Ordinal) && !error.Contains('\n', StringComparison.Ordinal),
            Patience);
        Assert.Single(host.Receiver.Of("refuses", person.Session.ToString("N")));
        await Eventually.TrueAsync(
            () => Task.FromResult(host.Nodes.SelectMany(n => n.Log.Lines)
                .Any(l => l.StartsWith("Error ", StringComparison.Ordinal) && l.Contains("for refuses is given up", StringComparison.Ordinal))),
            Patience);
    }

    [Theory]
    [Case(122)]
    [InlineData("down", 503)]
    [InlineData("moved", 307)]
    public async Task What_fails_is_tried_again_with_the_same_jti_and_a_fresh_token(string application, int status)
    {
        host.Receiver.Answer[application] = status;
        var person = await host.BrowserAsync(application);
        var sid = person.Session.ToString("N");
        await host.EndAsync(person, "page");
        await Eventually.TrueAsync(
            async () => await host.ScalarAsync<long>(
                "SELECT count(*) FROM logout_messages WHERE session_id = $1 AND attempts = 1 AND last_error LIKE $2 AND given_up_at IS NULL AND next_attempt_at < identity_now() + interval '7 seconds'",
                person.Session,
                $"{status}%") == 1,
            Patience);
        host.Receiver.Answer[application] = 204;
        await ToldAsync(person.Session, 1);
        var tries = host.Receiver.Of(application, sid);
        Assert.True(tries.Count >= 2);
        Assert.Single(tries.Select(t => t.TokenId).Distinct());
        Assert.Equal(tries.Count, tries.Select(t => t.Token).Distinct().Count());
        Assert.DoesNotContain(host.Receiver.Received, r => r.Application == "elsewhere");
        Assert.Null(await host.ScalarAsync<string>("SELECT last_error FROM logout_messages WHERE session_id = $1", person.Session));
    }

    [Fact]
    public async Task After_a_day_of_failures_it_is_given_up()
    {
        host.Receiver.Answer["down"] = 500;
        var person = await host.BrowserAsync("down");
        await host.ExecuteAsync(
            """
            INSERT INTO logout_messages (application_id, user_id, session_id, token_id, attempts, created_at)
            SELECT id, $1, $2, 'a-token-id-of-this-test', 90, identity_now() - interval '25 hours' FROM applications WHERE client_id = 'down'
            """,
            person.Id,
            person.Session);
        await Eventually.TrueAsync(
            async () => await host.ScalarAsync<long>("SELECT count(*) FROM logout_messages WHERE session_id = $1 AND attempts = 91 AND given_up_at IS NOT NULL", person.Session) == 1, Patience);
        host.Receiver.Answer["down"] = 200;
    }

    [Fact]
    [Case(122)]
    public async Task Slow_application_holds_up_no_other_and_is_told_again()
    {
        host.Receiver.Answer["slow"] = 0;
        var person = await host.BrowserAsync("slow", "quick");
        await host.GrantAsync(person.Session, "slow");
        var sid = person.Session.ToString("N");
        await host.EndAsync(person, "page");
        await Eventually.TrueAsync(() => Task.FromResult(host.Receiver.Of("slow", sid).Count > 0), Patience);
        // While it thinks, others that leave are told of.
        var another = await host.BrowserAsync("quick");
        await host.EndAsync(another, "page");
        await ToldAsync(another.Session, 1);
        await ToldAsync(person.Session, 1);
        await Eventually.TrueAsync(
            async () => (await host.ScalarAsync<string>("SELECT last_error FROM logout_messages WHERE session_id = $1 AND delivered_at IS NULL", person.Session))?.StartsWith("No answer", StringComparison.Ordinal) == true,
            Patience);
        host.Receiver.Answer["slow"] = 200;
        await ToldAsync(person.Session, 2);
        Assert.Single(host.Receiver.Of("slow", sid).Select(r => r.TokenId).Distinct());
    }

    [Fact]
    [Case("R33")]
    public async Task Two_nodes_tell_each_of_many_once()
    {
        List<SignedInBrowser> people = [];
        for (var i = 0; i < 12; i++)
            people.Add(await host.BrowserAsync("quick", "other"));
        await Task.WhenAll(people.Select(p => host.EndAsync(p, "page")));
        foreach (var person in people)
        {
            await ToldAsync(person.Session, 2);
            Assert.Single(host.Receiver.Of("quick", person.Session.ToString("N")));
            Assert.Single(host.Receiver.Of("other", person.Session.ToString("N")));
        }
    }

    [Fact]
    [Case("R33")]
    public async Task What_a_node_had_in_its_hands_when_it_died_is_told_when_its_lease_has_run_out()
    {
        var person = await host.BrowserAsync("quick");
        await host.ExecuteAsync(
            """
            INSERT INTO logout_messages (application_id, user_id, session_id, token_id, attempts, next_attempt_at)
            SELECT id, $1, $2, 'an-id-that-is-kept', 1, identity_now() + interval '5 seconds' FROM applications WHERE client_id = 'quick'
            """,
            person.Id,
            person.Session);
        await ToldAsync(person.Session, 1);
        Assert.Equal("an-id-that-is-kept", Assert.Single(host.Receiver.Of("quick", person.Session.ToString("N"))).TokenId);
        Assert.True(await host.ScalarAsync<bool>("SELECT delivered_at >= created_at + interval '5 seconds' FROM logout_messages WHERE session_id = $1", person.Session));
    }

    async Task CallAsync(HttpMethod method, string path, string token, object? json = null)
    {
        using var answer = await host.Client.CallAsync(method, path, token, json);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    /// <summary>So many applications have taken what they were told of the session.</summary>
    Task ToldAsync(Guid session, int applications) => Eventually.TrueAsync(
        async () => await host.ScalarAsync<long>("SELECT count(*) FROM logout_messages WHERE session_id = $1 AND delivered_at IS NOT NULL", session) == applications, Patience);
}
