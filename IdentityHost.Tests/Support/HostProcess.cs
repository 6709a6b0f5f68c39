using System.Diagnostics;

namespace IdentityHost.Tests.Support;

/// <summary>The built host as its own process, the way an operator starts it: what it prints and how it ends.</summary>
static class HostProcess
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Runs it to its end.</summary>
    /// <param name="environment">The name of the environment, e.g. <c>Production</c>.</param>
    /// <param name="arguments">Verb and settings.</param>
    public static Task<(int ExitCode, string Output, string Error)> RunAsync(string environment, params string[] arguments) => RunAsync(environment, Patience, arguments);

    /// <summary>As the other, for what takes longer.</summary>
    public static async Task<(int ExitCode, string Output, string Error)> RunAsync(string environment, TimeSpan longest, params string[] arguments)
    {
        using var process = Process.Start(Start(environment, arguments))!;
        process.StandardInput.Close();
        using var patience = new CancellationTokenSource(longest);
        try
        {
            var error = process.StandardError.ReadToEndAsync(patience.Token);
            var output = await process.StandardOutput.ReadToEndAsync(patience.Token);
            await process.WaitForExitAsync(patience.Token);
            return (process.ExitCode, output, await error);
        }
        catch (OperationCanceledException e)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"The host did not end within {longest}: {arguments.FirstOrDefault()}", e);
        }
    }

    /// <summary>How a process of the host is started; what it prints is redirected.</summary>
    public static ProcessStartInfo Start(string environment, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet")
        {
            WorkingDirectory = Path.GetTempPath(),
            // Nobody sits there to be asked.
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var argument in (string[])[typeof(Program).Assembly.Location, .. arguments])
            start.ArgumentList.Add(argument);
        start.Environment["ASPNETCORE_ENVIRONMENT"] = environment;
        start.Environment["DOTNET_ENVIRONMENT"] = environment;
        return start;
    }
}
