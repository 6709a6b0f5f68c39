using System.Diagnostics;

namespace IdentityHost.Tests.Benchmarks;

/// <summary>The benchmarks still run: each of them, for some milliseconds. What they find is for a quiet machine to say.</summary>
public sealed class BenchmarkTests
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_short_run_measures_everything()
    {
        var (exitCode, output) = await RunAsync("--short");
        Assert.True(exitCode == 0, output);
        foreach (var line in (string[])["ES256: validation", "RS256: validation", "ES256: AuthenticateAsync", "RS256: AuthenticateAsync"])
            Assert.Contains(line, output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_word_is_an_error() => Assert.Equal(1, (await RunAsync("--shorter")).ExitCode);

    static async Task<(int ExitCode, string Output)> RunAsync(params string[] arguments)
    {
        var built = Path.Combine(AppContext.BaseDirectory.Replace("IdentityHost.Tests", "IdentityHost.Benchmarks", StringComparison.Ordinal), "IdentityHost.Benchmarks.dll");
        using var process = Process.Start(new ProcessStartInfo("dotnet", [built, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        using var patience = new CancellationTokenSource(Patience);
        var errors = process.StandardError.ReadToEndAsync(patience.Token);
        var output = await process.StandardOutput.ReadToEndAsync(patience.Token);
        await process.WaitForExitAsync(patience.Token);
        return (process.ExitCode, output + await errors);
    }
}
