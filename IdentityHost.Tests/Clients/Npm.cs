using System.Diagnostics;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Clients;

/// <summary>The packages of this folder's lock file, installed once, and node to run them. Without npm such tests are skipped on a laptop and fail where <c>CI=true</c>.</summary>
static class Npm
{
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public static string Folder => Path.Combine(Repository.Root, "IdentityHost.Tests", "Clients");

    public static async Task InstallAsync()
    {
        var path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        var isThere = path.Any(folder => File.Exists(Path.Combine(folder, "npm")));
        Assert.SkipUnless(isThere || Environment.GetEnvironmentVariable("CI") == "true", "These tests need npm: apt-get install npm.");
        if (!Directory.Exists(Path.Combine(Folder, "node_modules", "openid-client")))
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
