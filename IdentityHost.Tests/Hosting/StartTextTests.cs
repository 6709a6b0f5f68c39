using System.Diagnostics;
using IdentityHost.Hosting;

namespace IdentityHost.Tests.Hosting;

/// <summary>What a person reads at the start.</summary>
public sealed class StartTextTests
{
    static string Write(string? password)
    {
        using var output = new StringWriter { NewLine = "\n" };
        StartText.Write(output, new StartFacts("http://localhost:5000", "admin", password, "demo", "users:self users:manage", "/home/ann/.local/share/identityhost"));
        return output.ToString();
    }

    [Fact]
    public void First_start_tells_the_password_and_a_command_that_holds_it()
    {
        var text = Write("it's a $ecret&more");
        Assert.Contains("it's a $ecret&more    (made for you, shown this once)", text, StringComparison.Ordinal);
        Assert.Contains("""--data-urlencode 'password=it'\''s a $ecret&more'""", text, StringComparison.Ordinal);
        Assert.Contains("--data-urlencode 'scope=users:self users:manage' \\", text, StringComparison.Ordinal);
        Assert.All(text.Split('\n'), line => Assert.InRange(line.Length, 0, 100));
    }

    /// <summary>A shell with a curl that prints what it was given, so that the quoting is the shell's own verdict.</summary>
    [Fact]
    public async Task Command_reaches_curl_as_meant_when_pasted_into_a_shell()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The command is for a POSIX shell.");
        const string Password = "it's a \"$ecret\" & `more` \\ !";
        var lines = Write(Password).Split('\n').SkipWhile(line => !line.Contains("curl -s", StringComparison.Ordinal));
        var command = string.Join('\n', lines.TakeWhile(line => line.Length > 0));
        var start = new ProcessStartInfo("sh", ["-c", "curl() { printf '%s\n' \"$@\"; }\n" + command]) { RedirectStandardOutput = true, UseShellExecute = false };
        using var shell = Process.Start(start)!;
        var given = (await shell.StandardOutput.ReadToEndAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(
            [
                "-s", "http://localhost:5000/connect/token", "--data-urlencode", "grant_type=password", "--data-urlencode", "client_id=demo",
                "--data-urlencode", "scope=users:self users:manage", "--data-urlencode", "username=admin", "--data-urlencode", $"password={Password}",
            ],
            given);
    }

    [Fact]
    public void Later_starts_say_where_the_password_goes()
    {
        var text = Write(null);
        Assert.DoesNotContain("shown this once", text, StringComparison.Ordinal);
        Assert.Contains("put the password of admin in place of YOUR-PASSWORD", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, "Creating the database …\nCreating the database: done in 0.0 s\nMigrating …\nMigrating: done in 0.0 s\n")]
    [InlineData(true, "  Creating the database …\r\u001b[K  Creating the database: 0.0 s\n  Migrating …\r\u001b[K  Migrating: 0.0 s\n")]
    public void Progress_tells_each_step(bool terminal, string expected)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using (var progress = new StartProgress(output, terminal, new StoppedTime()))
        {
            progress.Step("Creating the database");
            progress.Step("Migrating");
        }
        Assert.Equal(expected, output.ToString());
    }

    sealed class StoppedTime : TimeProvider
    {
        public override long GetTimestamp() => 0;
    }
}
