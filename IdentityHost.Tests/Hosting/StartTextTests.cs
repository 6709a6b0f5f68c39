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
