using System.Diagnostics;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Clients;

/// <summary>The packages of this folder's lock file, installed once, and node to run them. Without npm such tests are skipped on a laptop and fail where <c>CI=true</c>.</summary>
static class Npm
{
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public static string Folder => Path.Combine(Repository.Root, "IdentityHost.Tests", "Clients");

    // Several classes ask for it, at once.
    static readonly Lazy<Task> Installed = new(InstallMissingAsync);

    public static async Task InstallAsync()
    {
        var path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        var isThere = path.Any(folder => File.Exists(Path.Combine(folder, "npm")));
        Assert.SkipUnless(isThere || Environment.GetEnvironmentVariable("CI") == "true", "These tests need npm: apt-get install npm.");
        await Installed.Value;
    }

    /// <summary>npm leaves a lock of its own beside what it installed; one that is older than ours is of other packages.</summary>
    static async Task InstallMissingAsync()
    {
        if (File.GetLastWriteTimeUtc(Path.Combine(Folder, "node_modules", ".package-lock.json")) < File.GetLastWriteTimeUtc(Path.Combine(Folder, "package-lock.json")))
            await RunAsync("npm", "ci", "--silent");
    }

    /// <summary>What it printed; fails the test where it fails.</summary>
    public static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = Folder, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        using var timeout = new CancellationTokenSource(Patience);
        var (output, error) = (process.StandardOutput.ReadToEndAsync(timeout.Token), process.StandardError.ReadToEndAsync(timeout.Token));
        await process.WaitForExitAsync(timeout.Token);
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}\n{await output}\n{await error}");
        return await output;
    }
}
