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
    DatabaseClock clock,
    IConfiguration configuration,
    ILogger<DatabaseSetup> logger) : IHostedLifecycleService
{
    /// <summary>The key of the advisory lock: "IdentHst" in ASCII.</summary>
    const long StartupLock = 0x4964656E74487374;

    /// <summary>How long a server may lack the database that is named: scripts that set one up create it right after the server.</summary>
    static readonly TimeSpan CreationPatience = TimeSpan.FromSeconds(10);
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <summary>Runs before every other hosted service is started.</summary>
    public Task StartingAsync(CancellationToken cancellationToken) =>
        PrepareAsync(configuration.GetValue("Database:MigrateOnStart", true), cancellationToken);

    /// <summary>Migrates (if asked to) and runs the start-up steps.</summary>
    /// <exception cref="InvalidOperationException">The schema is behind and migrating was not asked for; or the connection string cannot be right.</exception>
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
            // The steps write times (when a key becomes active, until when a revocation holds): this machine's clock may be wrong.
            await clock.SynchronizeAsync(cancellationToken);
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

    /// <summary>
    /// A server that starts later than the node is waited for, however long. A server that runs and lacks the database is one that is just being
    /// set up, or a wrong name: it gets <see cref="CreationPatience"/>.
    /// </summary>
    async Task<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken)
    {
        TimeSpan missing = default;
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return await database.OpenConnectionAsync(cancellationToken);
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InvalidCatalogName && missing < CreationPatience)
            {
                missing += Pause;
                Waiting(attempt, e);
            }
            catch (PostgresException e) when (Mistake(e) is { } mistake)
            {
                throw new InvalidOperationException($"ConnectionStrings:Postgres: {e.MessageText}. {mistake}", e);
            }
            catch (NpgsqlException e) when (e.IsTransient || e.SqlState == PostgresErrorCodes.CannotConnectNow)
            {
                Waiting(attempt, e);
            }
            await Task.Delay(Pause, cancellationToken);
        }
    }

    void Waiting(int attempt, NpgsqlException reason)
    {
        if (attempt % 10 == 0)
            logger.LogWarning("Waiting for the database: {Reason}", reason.Message);
    }

    /// <summary>What waiting does not mend, with the fix; or null.</summary>
    static string? Mistake(PostgresException e) => e.SqlState switch
    {
        PostgresErrorCodes.InvalidCatalogName => "Create it (CREATE DATABASE), or correct Database= in the connection string.",
        PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification =>
            "Correct Username= and Password= in the connection string, or let the server accept them (pg_hba.conf).",
        PostgresErrorCodes.InsufficientPrivilege => "Grant it to the user: GRANT CONNECT ON DATABASE.",
        _ => null,
    };

    async Task MigrateAsync(bool migrate, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var pending = (await context.Database.GetPendingMigrationsAsync(cancellationToken)).ToList();
        if (pending.Count == 0)
            return;
        if (!migrate)
            throw new InvalidOperationException(
                $"The database lacks {pending.Count} migration(s), the first is {pending[0]}. Run the verb migrate (dotnet IdentityHost.dll migrate), or set Database:MigrateOnStart=true.");
        logger.LogInformation("Migrating the database: {Count} step(s), up to {Last}", pending.Count, pending[^1]);
        await context.Database.MigrateAsync(cancellationToken);
    }
}
