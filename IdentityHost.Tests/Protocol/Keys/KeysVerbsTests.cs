using IdentityHost.Protocol.Keys;
using IdentityHost.Tests.Data.KeyRing;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol.Keys;

/// <summary><c>keys list|rotate|revoke</c> as an operator runs them, beside nodes that serve.</summary>
public sealed class KeysVerbsTests(KeysHost host, TestPostgres postgres) : IClassFixture<KeysHost>
{
    [Fact]
    public async Task An_operator_lists_rotates_and_revokes_while_nodes_serve()
    {
        var first = await host.SigningAsync();
        var token = (await KeysHost.IssueAsync(host.Nodes[0])).Token;
        var (code, output, error) = await KeysAsync("list");
        Assert.Equal((0, ""), (code, error));
        var line = Assert.Single(output.Trim().Split('\n')[1..]);
        Assert.Equal([first.Kid, "ES256", "signing", Time(first.ActivatesAt), "-", "-"], line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));

        // Announced: published on both nodes, and not signing.
        (code, output, error) = await KeysAsync("rotate");
        Assert.Equal((0, ""), (code, error));
        var second = Assert.Single(await host.ListAsync(), k => k.Stage == KeyStage.Announced);
        Assert.Equal($"ES256: {second.Kid} is published and signs from {Time(second.ActivatesAt)}.", output.Trim());
        await host.NodesFollowAsync();
        Assert.Equal(first.Kid, (await KeysHost.IssueAsync(host.Nodes[1])).Kid);

        // Again: there is a successor.
        (code, output, _) = await KeysAsync("rotate");
        Assert.Equal((0, $"ES256: {second.Kid} is published and signs from {Time(second.ActivatesAt)}."), (code, output.Trim()));

        // At once: both nodes, within seconds.
        (code, output, error) = await KeysAsync("rotate", "--now");
        Assert.Equal(0, code);
        Assert.Contains(second.Kid, output, StringComparison.Ordinal);
        Assert.StartsWith("Warning: resource servers that keep the JWKS", error, StringComparison.Ordinal);
        foreach (var node in host.Nodes)
            await Eventually.TrueAsync(async () => (await KeysHost.IssueAsync(node)).Kid == second.Kid, TimeSpan.FromSeconds(6));
        await host.AllAcceptAsync(token);

        // Not without a yes.
        (code, output, error) = await KeysAsync("revoke", first.Kid);
        Assert.Equal((1, ""), (code, output));
        Assert.Contains("Add --yes", error, StringComparison.Ordinal);
        await host.AllAcceptAsync(token);

        (code, output, error) = await KeysAsync("revoke", "--yes", first.Kid);
        Assert.Equal((0, ""), (code, error));
        Assert.Contains($"{first.Kid} (retired) is revoked", output, StringComparison.Ordinal);
        foreach (var node in host.Nodes)
            await Eventually.TrueAsync(() => KeysHost.RefusesAsync(node, token), TimeSpan.FromSeconds(2));

        (code, output, error) = await KeysAsync("revoke", second.Kid, "--yes");
        Assert.Equal((0, ""), (code, error));
        Assert.Contains($"{(await host.SigningAsync()).Kid} signs from now on.", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("There is no key no-such-key.", "revoke", "no-such-key", "--yes")]
    [InlineData("Name the key: keys revoke KID.", "revoke", "--yes")]
    public async Task A_mistake_is_told_in_a_line_and_changes_nothing(string message, params string[] words)
    {
        var before = await host.PublishedAsync();
        var (code, output, error) = await KeysAsync(words);
        Assert.Equal((1, ""), (code, output));
        Assert.Contains(message, error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
        Assert.Single(error.Trim().Split('\n'));
        Assert.Equal(before, await host.PublishedAsync());
    }

    [Fact]
    public async Task Without_a_schema_the_verb_migrate_is_named()
    {
        var empty = await postgres.CreateEmptyDatabaseAsync();
        var (code, output, error) = await RunAsync(empty, "list");
        Assert.Equal((1, "", "The database has no schema of this version: run the verb migrate first."), (code, output, error.Trim()));
        await postgres.DropDatabaseAsync(empty);
    }

    [Case(114)]
    [Fact]
    public async Task Nothing_secret_is_printed()
    {
        var (_, output, error) = await KeysAsync("list");
        Assert.DoesNotContain("Host=", output + error, StringComparison.Ordinal);
        // A kid is 43 characters; nothing that is printed is longer than that without a space.
        Assert.All((output + error).Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries), word => Assert.InRange(word.Length, 1, 43));
    }

    Task<(int ExitCode, string Output, string Error)> KeysAsync(params string[] words) => RunAsync(host.ConnectionString, words);

    static Task<(int ExitCode, string Output, string Error)> RunAsync(string database, params string[] words) => HostProcess.RunAsync(
        "Production",
        ["keys", .. words, $"--ConnectionStrings:Postgres={database}", "--Issuer=https://id.example.com", "--DataProtection:AllowUnwrapped=true"]);

    static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>The nodes' ring is wrapped: a key of a verb that cannot open it would be one that no node can use.</summary>
public sealed class KeysVerbsRingTests(WrappedHost host) : IClassFixture<WrappedHost>
{
    [Theory]
    [InlineData("rotate")]
    [InlineData("rotate", "--now")]
    [InlineData("revoke", "$kid", "--yes")]
    public async Task With_another_key_file_or_none_nothing_is_changed(params string[] words)
    {
        var kid = (await host.ScalarAsync<string>("SELECT kid FROM signing_keys"))!;
        foreach (var setting in (string[])[$"--DataProtection:KeyFile={host.OtherKeyFile}", "--DataProtection:AllowUnwrapped=true"])
        {
            var (code, output, error) = await KeysAsync([.. words.Select(w => w.Replace("$kid", kid, StringComparison.Ordinal)), setting]);
            Assert.Equal((1, ""), (code, output));
            Assert.StartsWith("DataProtection: the key ring in this database was wrapped with another key.", error, StringComparison.Ordinal);
            Assert.Single(error.Trim().Split('\n'));
        }
        Assert.Equal(kid, await host.ScalarAsync<string>("SELECT string_agg(kid, ',') FROM signing_keys"));
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM data_protection_keys"));
    }

    /// <summary>It opens nothing.</summary>
    [Fact]
    public async Task The_list_needs_no_key_file()
    {
        var (code, output, error) = await KeysAsync("list", "--DataProtection:AllowUnwrapped=true");
        Assert.Equal((0, ""), (code, error));
        Assert.Contains((await host.ScalarAsync<string>("SELECT kid FROM signing_keys"))!, output, StringComparison.Ordinal);
    }

    Task<(int ExitCode, string Output, string Error)> KeysAsync(params string[] words) => HostProcess.RunAsync(
        "Production", ["keys", .. words, $"--ConnectionStrings:Postgres={host.ConnectionString}", "--Issuer=https://id.example.com"]);
}
