using IdentityHost.Jobs;
using IdentityHost.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Quartz;

namespace IdentityHost.Tests.Jobs;

/// <summary>Two nodes whose schedulers tell of every run.</summary>
public sealed class TalkativeScheduler(TestPostgres postgres) : HostFixture(postgres)
{
    // No window is longer than that of addresses.
    protected override IEnumerable<KeyValuePair<string, string?>> Settings =>
    [
        new("Logging:LogLevel:Quartz", "Debug"),
        .. new[] { "Registration", "Mail", "Pictures", "ClientRegistration" }.Select(limit => KeyValuePair.Create($"RateLimits:{limit}:Window", (string?)"00:10:00")),
    ];
}

/// <summary>Rows that decide nothing any more go; rows that decide something stay.</summary>
public sealed class PruningJobTests(TalkativeScheduler host) : IClassFixture<TalkativeScheduler>
{
    [Fact]
    public async Task Expired_revocations_go_in_batches_and_live_ones_stay()
    {
        await host.ExecuteAsync(
            "INSERT INTO revocations (kind, key, expires_at) SELECT 0, 'dead-' || n, identity_now() - interval '1 second' FROM generate_series(1, 2500) n");
        await host.ExecuteAsync("INSERT INTO revocations (kind, key, expires_at) VALUES (0, 'alive', identity_now() + interval '1 minute')");

        await PruneAsync();

        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM revocations WHERE key LIKE 'dead-%'"));
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM revocations WHERE key = 'alive'"));
    }

    [Fact]
    public async Task Sessions_and_grants_go_a_day_after_their_end_or_when_they_expire()
    {
        var (username, id) = await host.Client.RegisterAsync();
        for (var i = 0; i < 4; i++)
            await host.Client.AccessTokenAsync(username);
        var sessions = (await host.ScalarAsync<Guid[]>("SELECT array_agg(id ORDER BY id) FROM sessions WHERE user_id = $1", id))!;
        await EndAsync("ended_at = identity_now() - interval '25 hours'", sessions[0]);
        await EndAsync("ended_at = identity_now() - interval '23 hours'", sessions[1]);
        await EndAsync("expires_at = identity_now() - interval '1 second'", sessions[2]);

        await PruneAsync();

        foreach (var sql in (string[])["SELECT array_agg(id ORDER BY id) FROM sessions WHERE user_id = $1", "SELECT array_agg(session_id ORDER BY session_id) FROM grants WHERE user_id = $1"])
            Assert.Equal([sessions[1], sessions[3]], (await host.ScalarAsync<Guid[]>(sql, id))!);
    }

    [Fact]
    public async Task A_token_that_is_signed_out_stays_refused_after_pruning()
    {
        var (username, _) = await host.Client.RegisterAsync();
        var token = await host.Client.AccessTokenAsync(username);
        using (await host.Client.CallAsync(HttpMethod.Delete, "/users/logout", token))
        {
        }
        await PruneAsync();
        foreach (var node in host.Nodes)
        {
            using var answer = await node.Client.GetAsync("/users/current", token);
            Assert.Equal(System.Net.HttpStatusCode.Unauthorized, answer.StatusCode);
        }
    }

    [Fact]
    public async Task Forgotten_attempts_go_and_a_running_block_stays()
    {
        await host.ExecuteAsync(
            """
            INSERT INTO sign_in_attempts (key, failures, blocks, leases, blocked_until, updated_at) VALUES
                ('\x01', 3, 0, '{}', NULL, identity_now() - interval '61 minutes'),
                ('\x02', 3, 0, '{}', NULL, identity_now() - interval '59 minutes'),
                ('\x03', 4, 9, '{}', identity_now() + interval '1 minute', identity_now() - interval '61 minutes'),
                ('\x04', 4, 9, '{}', identity_now() - interval '1 minute', identity_now() - interval '61 minutes')
            """);
        await PruneAsync();
        Assert.Equal(["\u0002", "\u0003"], (await host.ScalarAsync<string[]>(
            "SELECT array_agg(convert_from(key, 'UTF8') ORDER BY key) FROM sign_in_attempts WHERE length(key) = 1"))!);
    }

    /// <summary>The longest window by default is 10 minutes; a series goes on for a window after its block.</summary>
    [Fact]
    public async Task Failures_go_when_their_window_and_the_one_after_their_block_are_over()
    {
        await host.ExecuteAsync(
            """
            INSERT INTO failure_counters (key, failures, blocks, started_at, blocked_until, updated_at) VALUES
                ('\x01', 3, 0, identity_now() - interval '30 minutes', NULL, identity_now() - interval '11 minutes'),
                ('\x02', 3, 0, identity_now() - interval '30 minutes', NULL, identity_now() - interval '9 minutes'),
                ('\x03', 0, 1, identity_now() - interval '30 minutes', identity_now() + interval '1 minute', identity_now() - interval '14 minutes'),
                ('\x04', 0, 1, identity_now() - interval '30 minutes', identity_now() - interval '9 minutes', identity_now() - interval '14 minutes'),
                ('\x05', 0, 1, identity_now() - interval '30 minutes', identity_now() - interval '11 minutes', identity_now() - interval '14 minutes')
            """);
        await PruneAsync();
        Assert.Equal(["\u0002", "\u0003", "\u0004"], (await host.ScalarAsync<string[]>(
            "SELECT array_agg(convert_from(key, 'UTF8') ORDER BY key) FROM failure_counters WHERE length(key) = 1"))!);
    }

    [Fact]
    public async Task Expired_links_and_old_mail_go_and_what_still_counts_stays()
    {
        var (_, id) = await host.Client.RegisterAsync();
        await host.ExecuteAsync("DELETE FROM account_tokens WHERE user_id = $1", id);
        await host.ExecuteAsync(
            """
            INSERT INTO account_tokens (key, purpose, user_id, email, created_at, expires_at, used_at) VALUES
                ('\x01', 1, $1, 'x@example.com', identity_now() - interval '61 minutes', identity_now() - interval '1 minute', NULL),
                ('\x02', 1, $1, 'x@example.com', identity_now() - interval '59 minutes', identity_now() + interval '1 minute', identity_now())
            """,
            id);
        await host.ExecuteAsync(
            """
            INSERT INTO mail ("to", subject, text, html, attempts, created_at, next_attempt_at, sent_at) VALUES
                ('old@example.com', 's', '', '', 8, identity_now() - interval '169 hours', 'infinity', NULL),
                ('old@example.com', 's', '', '', 1, identity_now() - interval '169 hours', identity_now(), identity_now()),
                ('young@example.com', 's', 't', 'h', 1, identity_now() - interval '167 hours', identity_now(), NULL)
            """);
        await PruneAsync();
        Assert.Equal(["\u0002"], (await host.ScalarAsync<string[]>("SELECT array_agg(convert_from(key, 'UTF8')) FROM account_tokens WHERE user_id = $1", id))!);
        Assert.Equal(
            "young@example.com",
            await host.ScalarAsync<string>("""SELECT string_agg("to", ',') FROM mail WHERE "to" IN ('old@example.com', 'young@example.com')"""));
    }

    [Fact]
    public async Task A_row_that_somebody_works_on_is_left_for_the_next_run()
    {
        await using (var connection = await host.Database.OpenConnectionAsync())
        {
            await using var transaction = await connection.BeginTransactionAsync();
            await using (var hold = new Npgsql.NpgsqlCommand("SELECT id FROM revocations WHERE key = 'held' FOR UPDATE", connection, transaction))
            {
                // The hosts' own run of the job may be quicker.
                while (await hold.ExecuteScalarAsync() is null)
                    await host.ExecuteAsync("INSERT INTO revocations (kind, key, expires_at) VALUES (0, 'held', identity_now() - interval '1 second')");
            }
            await PruneAsync().WaitAsync(TimeSpan.FromSeconds(10));
            Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM revocations WHERE key = 'held'"));
        }
        await PruneAsync();
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM revocations WHERE key = 'held'"));
    }

    [Fact]
    [Case("R30")]
    public async Task Two_nodes_share_one_trigger_and_a_due_run_happens_once()
    {
        Assert.Equal("KeyRotationJob,LogoutJob,MailJob,PruningJob", await host.ScalarAsync<string>("SELECT string_agg(trigger_name, ',' ORDER BY trigger_name) FROM qrtz_triggers"));
        Assert.Equal("KeyRotationJob,LogoutJob,MailJob,PruningJob", await host.ScalarAsync<string>("SELECT string_agg(job_name, ',' ORDER BY job_name) FROM qrtz_job_details"));
        // Both nodes check in, each under a name of its own.
        await Eventually.TrueAsync(
            async () => await host.ScalarAsync<long>("SELECT count(DISTINCT instance_name) FROM qrtz_scheduler_state") == 2, TimeSpan.FromSeconds(30));

        // The run of the start is over; the next one is five minutes away. Make it due and see who comes.
        await Eventually.TrueAsync(IsQuietAsync, TimeSpan.FromSeconds(30));
        var before = Runs();
        Assert.InRange(before, 1, 4);
        await host.ExecuteAsync("INSERT INTO revocations (kind, key, expires_at) VALUES (0, 'due', identity_now() - interval '1 second')");
        var scheduler = await host.Nodes[0].Service<ISchedulerFactory>().GetScheduler();
        await scheduler.TriggerJob(new JobKey(nameof(PruningJob)));
        await Eventually.TrueAsync(async () => await host.ScalarAsync<long>("SELECT count(*) FROM revocations WHERE key = 'due'") == 0, TimeSpan.FromSeconds(30));
        await Eventually.TrueAsync(IsQuietAsync, TimeSpan.FromSeconds(30));
        Assert.Equal(before + 1, Runs());
    }

    /// <summary>Mail is never quiet: its next run is always a few seconds away, and some node has reserved it.</summary>
    async Task<bool> IsQuietAsync() => await host.ScalarAsync<long>("SELECT count(*) FROM qrtz_fired_triggers WHERE trigger_name <> 'MailJob'") == 0
        && await host.ScalarAsync<long>("SELECT count(*) FROM qrtz_triggers WHERE trigger_state <> 'WAITING' AND trigger_name <> 'MailJob'") == 0;

    /// <summary>Over both nodes.</summary>
    int Runs() => host.Nodes.Sum(node => node.Log.Lines.Count(
        l => l.Contains("Calling Execute on job", StringComparison.Ordinal) && l.Contains(nameof(PruningJob), StringComparison.Ordinal)));

    async Task PruneAsync() => await ActivatorUtilities.CreateInstance<PruningJob>(host.Nodes[0].App.Services).Execute(null!, TestContext.Current.CancellationToken);

    async Task EndAsync(string change, Guid session)
    {
        await host.ExecuteAsync($"UPDATE sessions SET {change} WHERE id = $1", session);
        await host.ExecuteAsync($"UPDATE grants SET {change} WHERE session_id = $1", session);
    }
}
