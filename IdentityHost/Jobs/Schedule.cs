using IdentityHost.Protocol.Keys;
using Quartz;

namespace IdentityHost.Jobs;

/// <summary>
/// The background jobs, all of them, and when they run. Quartz keeps the schedule in Postgres (tables <c>qrtz_*</c>) and clusters: each run
/// happens on one node, and is recovered if that node dies. A job is one file here and one line below.
/// </summary>
internal static class Schedule
{
    public static WebApplicationBuilder AddJobs(this WebApplicationBuilder builder)
    {
        var connectionString = builder.Configuration.GetConnectionString("Postgres")!;
        builder.Services.AddQuartz(quartz =>
        {
            // As many as there are jobs: mail that waits for a slow server holds up no other.
            quartz.UseDefaultThreadPool(4);
            quartz.UsePersistentStore(store =>
            {
                store.UsePostgres(connectionString);
                store.UseClustering();
                store.ProvisionSchema();
            });

            quartz.Every<PruningJob>(TimeSpan.FromMinutes(5));
            quartz.Every<MailJob>(TimeSpan.FromSeconds(3));
            quartz.Every<LogoutJob>(TimeSpan.FromSeconds(3));
            quartz.Every<KeyRotationJob>((builder.Configuration.GetSection("Keys").Get<KeysOptions>() ?? new KeysOptions()).Interval);
        });
        builder.Services.AddQuartzHostedService(options => options.WaitForJobsToComplete = true);
        return builder;
    }

    static void Every<TJob>(this IQuartzBuilder quartz, TimeSpan interval)
        where TJob : class, IJob
    {
        var name = typeof(TJob).Name;
        quartz.ScheduleJob<TJob>(
            trigger => trigger.WithIdentity(name).StartNow().WithSimpleSchedule(interval),
            job => job.WithIdentity(name).RequestRecovery());
    }
}
