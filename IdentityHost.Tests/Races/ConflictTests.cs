using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Races;

/// <summary>
/// The database gives transactions up for another's sake (40P01, 40001), on purpose and often: each is repeated as a whole, and whoever asked
/// is told of what stands only.
/// </summary>
[Collection(RacesAlone.Name)]
public sealed class ConflictTests(RaceHost host) : IAsyncLifetime
{
    const string NewPassword = "another quiet place";

    /// <summary>A quarter of the statements fail, so that one of three statements in a transaction does not always. A sequence goes on although its transaction is rolled back, so a repetition is not refused again.</summary>
    public async ValueTask InitializeAsync() => await host.ExecuteAsync(
        """
        CREATE SEQUENCE conflict_calls;
        CREATE SEQUENCE conflicts MINVALUE 0 START 0;
        CREATE FUNCTION conflict() RETURNS trigger LANGUAGE plpgsql AS $body$
        BEGIN
            IF nextval('conflict_calls') % 4 = 1 THEN
                RAISE EXCEPTION 'on purpose' USING ERRCODE = CASE WHEN nextval('conflicts') % 2 = 0 THEN '40P01' ELSE '40001' END;
            END IF;
            RETURN NULL;
        END $body$;
        CREATE TRIGGER conflict AFTER INSERT OR UPDATE ON grants FOR EACH STATEMENT EXECUTE FUNCTION conflict();
        CREATE TRIGGER conflict AFTER DELETE OR UPDATE OF status ON users FOR EACH STATEMENT EXECUTE FUNCTION conflict();
        """);

    public async ValueTask DisposeAsync() => await host.ExecuteAsync("DROP FUNCTION conflict CASCADE; DROP SEQUENCE conflict_calls, conflicts");

    [Fact]
    [Case("R31")]
    public async Task Transactions_that_the_database_gave_up_are_repeated_once_each()
    {
        var admin = await host.Client.AdminTokenAsync();
        for (var round = 0; round < 6; round++)
        {
            var node = host.Nodes[round % 2].Client;
            var (username, id) = await host.Client.RegisterAsync();
            var first = await RaceAnswer.SignInAsync(host, username);
            var second = await MustAsync(RaceAnswer.RefreshAsync(host, round % 2, first.RefreshToken!));
            Assert.Equal((first.Grant, 1), (second.Grant, second.Generation));
            Assert.Equal(1, await host.ScalarAsync<int>("SELECT generation FROM grants WHERE id = $1 AND ended_at IS NULL", first.Grant));

            await MustAsync(RaceAnswer.OfAsync(0, node.CallAsync(HttpMethod.Delete, "/users/logout", second.AccessToken)));
            await host.ExecuteAsync("UPDATE users SET must_change_password = true WHERE id = $1", id);
            await MustAsync(RaceAnswer.OfAsync(0, node.PasswordGrantAsync(username, BackChannel.Password, ("new_password", NewPassword))));
            Assert.Equal(1, await host.LiveGrantsAsync(id));
            Assert.Equal(2, await host.ScalarAsync<long>("SELECT count(*) FROM grants WHERE user_id = $1", id));

            await MustAsync(RaceAnswer.OfAsync(0, node.CallAsync(HttpMethod.Patch, $"/users/{id}/status", admin, new { status = false })));
            Assert.Equal(0, await host.LiveGrantsAsync(id));
            await MustAsync(RaceAnswer.OfAsync(0, node.CallAsync(HttpMethod.Delete, $"/users/{id}", admin)));
            foreach (var kind in new[] { "signed_out", "password_changed", "user_disabled", "user_deleted" })
                Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE kind = $1 AND subject_id = $2", kind, id));
        }
        await Invariants.HoldAsync(host);
        var conflicts = await host.ScalarAsync<long>("SELECT last_value FROM conflicts");
        TestContext.Current.TestOutputHelper?.WriteLine($"{conflicts + 1} conflicts");
        Assert.True(conflicts > 10, $"{conflicts} conflicts are too few to have met every act.");
    }

    static async Task<RaceAnswer> MustAsync(Task<RaceAnswer> request)
    {
        var answer = await request;
        Assert.True(answer.Granted, $"{answer.Status} {answer.Body.ToJsonString()}");
        return answer;
    }
}
