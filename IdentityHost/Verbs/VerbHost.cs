using IdentityHost.Data;
using IdentityHost.Data.Postgres;
using Npgsql;

namespace IdentityHost.Verbs;

/// <summary>The services of the host without a server, for a verb that changes the database while nodes run.</summary>
internal static class VerbHost
{
    /// <summary>Without the steps of a start: they would declare the applications of this shell's settings.</summary>
    public static async Task<int> RunAsync(string[] settings, Func<WebApplication, CancellationToken, Task<int>> action, CancellationToken stop)
    {
        var builder = CommandLine.CreateBuilder(settings);
        builder.Logging.ClearProviders();
        await using var own = await OwnDatabase.StartIfNoneIsNamedAsync(builder, _ => { }, stop);
        await using var app = Program.Build(builder);
        try
        {
            await app.Services.GetRequiredService<DatabaseClock>().SynchronizeAsync(stop);
            return await action(app, stop);
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.UndefinedFunction or PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.UndefinedColumn)
        {
            return await SayErrorAsync("The database has no schema of this version: run the verb migrate first.");
        }
    }

    /// <summary>Says what is wrong, and is the exit code of it.</summary>
    public static async Task<int> SayErrorAsync(string message)
    {
        await Console.Error.WriteLineAsync(message);
        return 1;
    }
}
