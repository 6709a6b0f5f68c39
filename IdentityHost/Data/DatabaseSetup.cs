using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace IdentityHost.Data;

/// <summary>
/// Brings the database up to date before the node serves: migrations, then each <see cref="IStartupStep"/>, under one lock that nodes starting
/// together share, so that one of them works and the others find it done.
/// </summary>
internal sealed class DatabaseSetup(
    NpgsqlDataSource database,
    IDbContextFactory<HostDbContext> contexts,
    IEnumerable<IStartupStep> steps,
    IConfiguration configuration,
    ILogger<DatabaseSetup> logger) : IHostedLifecycleService
{
    /// <summary>The key of the advisory lock: "IdentHst" in ASCII.</summary>
    const long StartupLock = 0x4964656E74487374;

    /// <summary>Runs before every other hosted service is started.</summary>
    public Task StartingAsync(CancellationToken cancellationToken) =>
        PrepareAsync(configuration.GetValue("Database:MigrateOnStart", true), cancellationToken);

    /// <summary>Migrates (if asked to) and runs the start-up steps.</summary>
    /// <exception cref="InvalidOperationException">The schema is behind and migrating was not asked for.</exception>
    public async Task PrepareAsync(bool migrate, CancellationToken cancellationToken)
    {
        await using var connection = await OpenAsync(cancellationToken);
        await using (var take = new NpgsqlCommand("SELECT pg_advisory_lock($1)", connection) { Parameters = { Sql.Value(StartupLock) } })
        {
            // Waits for another node's migration, however long it takes.
            take.CommandTimeout = 0;
            await take.ExecuteNonQueryAsync(cancellationToken);
        }
        try
        {
            await MigrateAsync(migrate, cancellationToken);
            foreach (var step in steps)
                await step.RunAsync(cancellationToken);
        }
        finally
        {
            await using var release = new NpgsqlCommand("SELECT pg_advisory_unlock($1)", connection) { Parameters = { Sql.Value(StartupLock) } };
            await release.ExecuteNonQueryAsync(CancellationToken.None);
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>A database that starts later than the node is waited for.</summary>
    async Task<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return await database.OpenConnectionAsync(cancellationToken);
            }
            catch (NpgsqlException e) when (e.IsTransient || e.SqlState == PostgresErrorCodes.CannotConnectNow)
            {
                if (attempt % 10 == 0)
                    logger.LogWarning("Waiting for the database: {Reason}", e.Message);
                await Task.Delay(TimeSpan.FromMilliseconds(500), cancellationToken);
            }
        }
    }

    async Task MigrateAsync(bool migrate, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var pending = (await context.Database.GetPendingMigrationsAsync(cancellationToken)).ToList();
        if (pending.Count == 0)
            return;
        if (!migrate)
            throw new InvalidOperationException(
                $"The database lacks {pending.Count} migration(s), the first is {pending[0]}. Run `identityhost migrate`, or set Database:MigrateOnStart=true.");
        logger.LogInformation("Migrating the database: {Count} step(s), up to {Last}", pending.Count, pending[^1]);
        await context.Database.MigrateAsync(cancellationToken);
    }
}
