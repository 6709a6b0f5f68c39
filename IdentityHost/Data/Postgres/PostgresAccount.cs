using System.Diagnostics;

namespace IdentityHost.Data.Postgres;

/// <summary>
/// Whose processes and files the cluster's are. Postgres refuses to run as root (whoever breaks into it would own the machine), so a host
/// that runs as root hands over to the account <c>postgres</c>, or <c>nobody</c> where there is none. Everybody else runs it as themselves.
/// </summary>
internal sealed class PostgresAccount
{
    /// <summary>Looks at who runs this process.</summary>
    public PostgresAccount() => User = IsRoot ? (Exists("postgres") ? "postgres" : "nobody") : null;

    /// <summary>Whether this process is root on a Unix.</summary>
    public static bool IsRoot => !OperatingSystem.IsWindows() && Environment.IsPrivilegedProcess;

    /// <summary>The account to hand over to; null when the cluster runs as ourselves.</summary>
    public string? User { get; }

    /// <summary>Makes the account the owner of a file or folder that was just created.</summary>
    public async Task OwnAsync(string path, CancellationToken cancellationToken)
    {
        if (User is not null)
            await RunAsync(Start("chown", [User + ":", path], Path.GetTempPath()), "chown", cancellationToken);
    }

    /// <summary>Whether the account can enter a folder and write there: each folder above it has to let it pass.</summary>
    public async Task<bool> CanWorkInAsync(string folder, CancellationToken cancellationToken)
    {
        try
        {
            await RunAsync("/bin/sh", ["-c", "cd \"$0\" && test -w .", folder], "/", cancellationToken);
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>Runs a program as the account and returns what it printed.</summary>
    /// <param name="program">The full path.</param>
    /// <param name="arguments">Passed as they are: no shell reads them.</param>
    /// <param name="workingFolder">A folder the account can enter: the folder this process stands in may be closed to it.</param>
    /// <param name="cancellationToken">Kills the program.</param>
    /// <exception cref="InvalidOperationException">It failed; the message holds what it printed.</exception>
    public Task<string> RunAsync(string program, IReadOnlyList<string> arguments, string workingFolder, CancellationToken cancellationToken)
    {
        var start = User is null ? Start(program, arguments, workingFolder)
            : Find("runuser") is { } runuser ? Start(runuser, ["-u", User, "--", program, .. arguments], workingFolder)
            : Start("su", ["-s", "/bin/sh", "-c", "exec \"$0\" \"$@\"", "--", User, program, .. arguments], workingFolder);
        return RunAsync(start, Path.GetFileName(program), cancellationToken);
    }

    static ProcessStartInfo Start(string program, IReadOnlyList<string> arguments, string workingFolder)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = workingFolder,
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            CreateNoWindow = true,
        };
        // PGDATA, PGOPTIONS and their like are meant for the operator's other servers.
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("PG", StringComparison.Ordinal)).ToList())
            start.Environment.Remove(name);
        start.Environment["LC_ALL"] = "C";
        return start;
    }

    static async Task<string> RunAsync(ProcessStartInfo start, string name, CancellationToken cancellationToken)
    {
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        var errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        try
        {
            await process.WaitForExitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
        // On Windows a server that pg_ctl started keeps the pipes open: what has not arrived by then is not waited for. Elsewhere the answer is
        // waited for however busy the machine is, since an answer cut short reads like another one.
        var printing = Task.WhenAll(output, errors);
        if (OperatingSystem.IsWindows())
            await Task.WhenAny(printing, Task.Delay(TimeSpan.FromSeconds(2), CancellationToken.None));
        else
            await printing;
        var printed = (output.IsCompletedSuccessfully ? await output : "") + (errors.IsCompletedSuccessfully ? await errors : "");
        return process.ExitCode == 0 ? printed : throw new InvalidOperationException($"{name} failed ({process.ExitCode}): {printed.Trim()}");
    }

    static bool Exists(string user) => File.Exists("/etc/passwd") && File.ReadLines("/etc/passwd").Any(line => line.StartsWith(user + ":", StringComparison.Ordinal));

    static string? Find(string program) => ((string[])["/usr/sbin", "/sbin", "/usr/bin", "/bin"]).Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
}
