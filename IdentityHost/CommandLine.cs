using System.CommandLine;
using IdentityHost.Data;
using IdentityHost.Data.Postgres;
using IdentityHost.Hosting;
using IdentityHost.Verbs;
using IdentityHost.Verbs.Probe;
using Microsoft.Extensions.Options;
using Npgsql;

namespace IdentityHost;

/// <summary>
/// The verbs of the binary: none or <c>serve</c>, <c>migrate</c>, <c>keys</c> and <c>users</c> with verbs of their own, <c>docs</c>, <c>probe</c>, and <c>revoke-everything</c>. Other arguments are settings of
/// the host (<c>--urls=…</c>,
/// <c>--Issuer=…</c>). What is wrong is said in a line or three, without a stack, and the exit code is 1.
/// </summary>
internal static class CommandLine
{
    public static async Task<int> RunAsync(string[] args)
    {
        // A word that is no verb is a mistake; what begins with a dash is the host's.
        if (args is [var first, ..] && !first.StartsWith('-') && first is not ("serve" or "migrate" or "keys" or UsersVerbs.Name or DocsVerb.Name or ProbeVerb.Name or RevokeEverything.Name))
        {
            await Console.Error.WriteLineAsync($"'{first}' is not known. Use serve (the default), migrate, keys, users, docs, probe or revoke-everything; --help tells more.");
            return 1;
        }
        var root = new RootCommand("IdentityHost, an OAuth-first identity server. Settings: --Name=value, environment variables, appsettings.json.");
        root.TreatUnmatchedTokensAsErrors = false;
        root.SetAction((parsed, stop) => GuardAsync(() => ServeAsync([.. parsed.UnmatchedTokens], stop), stop));
        root.Add(Verb("serve", "Serves until it is stopped (the default).", ServeAsync));
        root.Add(Verb("migrate", "Brings the database's schema up to date and ends.", MigrateAsync));
        root.Add(KeysVerbs.Create());
        root.Add(ProbeVerb.Create());
        root.Add(UsersVerbs.Create());
        root.Add(Verb(DocsVerb.Name, DocsVerb.Description, DocsVerb.RunAsync));
        root.Add(Verb(RevokeEverything.Name, RevokeEverything.Description, RevokeEverything.RunAsync));
        return await root.Parse(args).InvokeAsync();
    }

    static Command Verb(string name, string description, Func<string[], CancellationToken, Task<int>> action)
    {
        var verb = new Command(name, description) { TreatUnmatchedTokensAsErrors = false };
        verb.SetAction((parsed, stop) => GuardAsync(() => action([.. parsed.UnmatchedTokens], stop), stop));
        return verb;
    }

    static async Task<int> ServeAsync(string[] settings, CancellationToken stop)
    {
        using var progress = new StartProgress(Console.Out, terminal: !Console.IsOutputRedirected, TimeProvider.System);
        var builder = CreateBuilder(settings);
        await using var own = await OwnDatabase.StartIfNoneIsNamedAsync(builder, progress.Step, stop);
        await using var app = Program.Build(builder);
        progress.Step("Starting the host");
        try
        {
            await app.StartAsync(stop);
        }
        catch
        {
            // The port may be taken; the admin is in the database all the same, and nobody would ever learn the password.
            progress.Dispose();
            StartFactsReader.TellGeneratedAdmin(app);
            throw;
        }
        progress.Dispose();
        if (app.Environment.IsDevelopment())
            await StartFactsReader.WriteAsync(app, own?.DataFolder, stop);
        await app.WaitForShutdownAsync(stop);
        return 0;
    }

    static async Task<int> MigrateAsync(string[] settings, CancellationToken stop)
    {
        using var progress = new StartProgress(Console.Out, terminal: !Console.IsOutputRedirected, TimeProvider.System);
        var builder = CreateBuilder(settings);
        await using var own = await OwnDatabase.StartIfNoneIsNamedAsync(builder, progress.Step, stop);
        await using var app = Program.Build(builder);
        progress.Step("Migrating the database");
        await app.Services.GetRequiredService<DatabaseSetup>().PrepareAsync(migrate: true, stop);
        progress.Dispose();
        StartFactsReader.TellGeneratedAdmin(app);
        return 0;
    }

    /// <summary>Without the framework's own word on a failed start: it is a stack, and <see cref="GuardAsync"/> has the last word.</summary>
    internal static WebApplicationBuilder CreateBuilder(string[] settings)
    {
        var builder = Program.CreateBuilder(settings);
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        return builder;
    }

    /// <summary>Mistakes of set-up are told to a person; anything else is a fault of ours and keeps its stack.</summary>
    internal static async Task<int> GuardAsync(Func<Task<int>> action, CancellationToken stop)
    {
        try
        {
            return await action();
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return 0;
        }
        catch (Exception e) when (Mistake(e) is { } message)
        {
            await Console.Error.WriteLineAsync(message);
            return 1;
        }
    }

    /// <summary>What a person should read; null for what is no mistake of theirs.</summary>
    static string? Mistake(Exception exception) => exception switch
    {
        // Options that others are made from fail once for each of those.
        AggregateException several when several.InnerExceptions.Select(Mistake).Distinct(StringComparer.Ordinal).ToList() is var all && !all.Contains(null) =>
            string.Join('\n', all),
        PostgresNotFoundException or InvalidOperationException or OptionsValidationException or NpgsqlException or InvalidDataException => exception.Message,
        IOException { InnerException: Microsoft.AspNetCore.Connections.AddressInUseException } => exception.Message,
        _ => null,
    };
}
