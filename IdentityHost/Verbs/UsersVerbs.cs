using System.CommandLine;
using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Npgsql;

namespace IdentityHost.Verbs;

/// <summary><c>users import FILE</c> and <c>users export FILE</c>: accounts as JSON Lines, while nodes serve.</summary>
internal static class UsersVerbs
{
    public const string Name = "users";

    public static Command Create()
    {
        var hashes = new Option<bool>("--with-password-hashes") { Description = "Write the hashes too. Whoever reads the file can then guess passwords at leisure." };
        var after = new Option<long>("--after") { Description = "Only accounts with a higher id: where a run that was stopped goes on." };
        var import = new Command("import", "Makes accounts of the lines of FILE. A run that was stopped goes on where it was.");
        Run(import, (_, file, settings, stop) => VerbHost.RunAsync(settings, (app, token) => ImportAsync(app, file, token), stop));
        var export = new Command("export", "Writes every account to FILE.") { hashes, after };
        Run(export, (parsed, file, settings, stop) => VerbHost.RunAsync(
            settings, (app, token) => ExportAsync(app, file, parsed.GetValue(after), parsed.GetValue(hashes), token), stop));
        return new Command(Name, "Imports and exports accounts as JSON Lines.") { import, export };
    }

    /// <summary>The file is the first word that is no setting.</summary>
    static void Run(Command verb, Func<ParseResult, string, string[], CancellationToken, Task<int>> action)
    {
        verb.TreatUnmatchedTokensAsErrors = false;
        verb.SetAction((parsed, stop) => CommandLine.GuardAsync(
            () =>
            {
                var words = parsed.UnmatchedTokens.ToList();
                var index = words.FindIndex(w => !w.StartsWith('-'));
                if (index < 0)
                    return VerbHost.SayErrorAsync($"Name the file: users {verb.Name} FILE.");
                var file = words[index];
                words.RemoveAt(index);
                return action(parsed, file, [.. words], stop);
            },
            stop));
    }

    static async Task<int> ImportAsync(WebApplication app, string file, CancellationToken stop)
    {
        if (!File.Exists(file))
            return await VerbHost.SayErrorAsync($"There is no file {file}.");
        ImportState result;
        try
        {
            result = await new UserImport(app.Services.GetRequiredService<NpgsqlDataSource>()).RunAsync(file, NewBar(app), stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return await VerbHost.SayErrorAsync("Stopped. The same command goes on where it is.");
        }
        await Console.Out.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture, $"{result.Added:N0} accounts were made of {result.Lines:N0} lines; {result.Present:N0} were there already."));
        if (result.Present > 0)
            await Console.Out.WriteLineAsync($"{file}.skipped says which.");
        if (result.Rejected == 0)
            return 0;
        return await VerbHost.SayErrorAsync(string.Create(CultureInfo.InvariantCulture, $"{result.Rejected:N0} lines were rejected; {file}.rejected says which and why."));
    }

    static async Task<int> ExportAsync(WebApplication app, string file, long after, bool withHashes, CancellationToken stop)
    {
        // For its owner alone: it holds every address, and perhaps every hash.
        var options = new FileStreamOptions { Mode = after > 0 ? FileMode.Append : FileMode.Create, Access = FileAccess.Write, BufferSize = 1 << 20 };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        await using var output = new FileStream(file, options);
        var written = await new UserExport(app.Services.GetRequiredService<NpgsqlDataSource>()).RunAsync(output, after, withHashes, NewBar(app), stop);
        await Console.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{written:N0} accounts were written to {file}."));
        return 0;
    }

    static ProgressBar NewBar(WebApplication app) =>
        new(Console.Error, terminal: !Console.IsErrorRedirected, app.Services.GetRequiredService<TimeProvider>(), "users");
}
