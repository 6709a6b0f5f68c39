using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;

namespace IdentityHost.Tests.Support;

/// <summary>The built host as a process that stays: a node that can be killed, frozen and woken while clients talk to it.</summary>
public sealed partial class NodeProcess : IAsyncDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    readonly Process _process;
    readonly StringBuilder _printed = new();
    readonly TaskCompletionSource<Uri> _listens = new(TaskCreationOptions.RunContinuationsAsynchronously);

    NodeProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Read(line.Data);
        process.ErrorDataReceived += (_, line) => Read(line.Data);
        process.EnableRaisingEvents = true;
        process.Exited += (_, _) => _listens.TrySetException(new InvalidOperationException($"The host has ended: {Printed}"));
    }

    public HttpClient Client { get; private set; } = null!;

    /// <summary>What it has written to its console.</summary>
    public string Printed
    {
        get
        {
            lock (_printed)
                return _printed.ToString();
        }
    }

    /// <summary>Starts a node in Development and waits until it is ready.</summary>
    /// <param name="connectionString">The database.</param>
    /// <param name="settings">Beside those of every test host.</param>
    /// <param name="environment">Environment variables of the process.</param>
    public static async Task<NodeProcess> StartAsync(
        string connectionString, IEnumerable<KeyValuePair<string, string>> settings, IEnumerable<KeyValuePair<string, string>> environment)
    {
        var start = HostProcess.Start("Development", [
            "--urls=http://127.0.0.1:0",
            $"--contentRoot={Repository.Root}",
            $"--ConnectionStrings:Postgres={connectionString}",
            $"--Issuer={HostFixture.Issuer}",
            "--SEED_ADMIN_EMAIL=admin@example.com",
            $"--SEED_ADMIN_USERNAME={HostFixture.AdminName}",
            $"--SEED_ADMIN_PASSWORD={HostFixture.AdminPassword}",
            // Hashing at full cost is for the tests that are about it.
            "--Passwords:Iterations=10000",
            // Says which port it was given.
            "--Logging:LogLevel:Microsoft.Hosting.Lifetime=Information",
            .. settings.Select(s => $"--{s.Key}={s.Value}"),
        ]);
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        var node = new NodeProcess(new Process { StartInfo = start });
        try
        {
            await node.StartAsync();
            return node;
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }

    /// <summary>SIGKILL: nothing is flushed, closed or answered any more.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>SIGSTOP: it does nothing more until it is woken; what is sent to it waits in its sockets.</summary>
    public void Freeze() => Send(OperatingSystem.IsMacOS() ? 17 : 19);

    /// <summary>SIGCONT.</summary>
    public void Wake() => Send(OperatingSystem.IsMacOS() ? 19 : 18);

    public async ValueTask DisposeAsync()
    {
        Client?.Dispose();
        try
        {
            await KillAsync();
        }
        catch (InvalidOperationException)
        {
            // It never started, or is gone already.
        }
        _process.Dispose();
    }

    async Task StartAsync()
    {
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        var address = await _listens.Task.WaitAsync(Patience);
        Client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false }) { BaseAddress = address };
        await Eventually.TrueAsync(IsReadyAsync, Patience);
    }

    async Task<bool> IsReadyAsync()
    {
        using var answer = await Client.GetAsync("/health/ready");
        return answer.IsSuccessStatusCode;
    }

    void Read(string? line)
    {
        if (line is null)
            return;
        lock (_printed)
            _printed.AppendLine(line);
        if (Listens().Match(line) is { Success: true } match)
            _listens.TrySetResult(new Uri(match.Groups["address"].Value));
    }

    void Send(int signal)
    {
        if (Libc.Kill(_process.Id, signal) != 0)
            throw new InvalidOperationException($"Signal {signal} was refused: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    [GeneratedRegex(@"Now listening on: (?<address>http://\S+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Listens();

    static class Libc
    {
        [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int Kill(int process, int signal);
    }
}
