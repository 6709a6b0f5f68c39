using System.Data.Common;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace IdentityHost.Hosting;

/// <summary>
/// <c>/health/live</c>: the process runs; restart it if this fails. <c>/health/ready</c>: it can serve, since the database answers; send it no requests
/// while this is 503. Both say no more than that.
/// </summary>
internal static class Health
{
    /// <summary>The tag of checks that /health/ready asks.</summary>
    public const string ReadyTag = "ready";

    public static void AddHealth(this WebApplicationBuilder builder) =>
        builder.Services.AddHealthChecks()
            .AddCheck<DatabaseCheck>("database", tags: [ReadyTag], timeout: DatabaseCheck.Patience);

    public static void MapHealth(this WebApplication app)
    {
        app.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = _ => false, ResponseWriter = WriteAsync }).AllowAnonymous();
        app.MapHealthChecks("/health/ready", new HealthCheckOptions
        {
            Predicate = check => check.Tags.Contains(ReadyTag),
            ResponseWriter = WriteAsync,
        }).AllowAnonymous();
    }

    static Task WriteAsync(HttpContext context, HealthReport report) =>
        context.Response.WriteAsJsonAsync(new
        {
            status = Word(report.Status),
            checks = report.Entries.ToDictionary(entry => entry.Key, entry => Word(entry.Value.Status)),
        });

    static string Word(HealthStatus status) => status == HealthStatus.Unhealthy ? "unavailable" : "ok";
}

/// <summary>Whether a statement goes through to the database. Needs a <see cref="DbDataSource"/> in the container.</summary>
internal sealed class DatabaseCheck(DbDataSource database) : IHealthCheck
{
    /// <summary>Below the 2 s in which /health/ready promises an answer.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(1.5);

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            // A driver that does not notice the cancellation must not hold the answer.
            await AskAsync(cancellationToken).WaitAsync(cancellationToken);
            return HealthCheckResult.Healthy();
        }
        catch (Exception e) when (e is DbException or OperationCanceledException or TimeoutException)
        {
            // Without the exception: this is asked every few seconds, and each time its stack would fill the log.
            return HealthCheckResult.Unhealthy($"The database does not answer: {e.Message}");
        }
    }

    async Task AskAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("SELECT 1");
        await command.ExecuteScalarAsync(cancellationToken);
    }
}
