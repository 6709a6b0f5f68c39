using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.ResourceServer.Remote;

/// <summary>A sample as its own process, on a port of its own.</summary>
sealed class Sample : IAsyncDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Classes run side by side, and the first that needs a package installs it.</summary>
    static readonly SemaphoreSlim Installing = new(1);

    readonly Process _process;
    readonly System.Text.StringBuilder _printed = new();

    Sample(string name, Process process, HttpClient client)
    {
        (Name, _process, Client) = (name, process, client);
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
    }

    /// <summary>Its folder among the samples.</summary>
    public string Name { get; }

    public HttpClient Client { get; }

    public string Printed
    {
        get
        {
            lock (_printed)
                return _printed.ToString();
        }
    }

    public static async Task<Sample> StartAsync(string name, string issuer)
    {
        var port = FreePort().ToString(CultureInfo.InvariantCulture);
        var folder = Path.Combine(Repository.Root, "samples", name);
        var start = new ProcessStartInfo { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false, WorkingDirectory = folder };
        if (name == "resource-server-node")
        {
            SkipWithout("node");
            await InstallAsync(folder);
            (start.FileName, start.Environment["ISSUER"], start.Environment["PORT"]) = ("node", issuer, port);
            start.ArgumentList.Add("server.mjs");
        }
        else
        {
            var built = AppContext.BaseDirectory.Replace("IdentityHost.Tests", name, StringComparison.Ordinal);
            (start.FileName, start.Environment["Urls"]) = ("dotnet", $"http://localhost:{port}");
            (start.Environment["IdentityHost__Authority"], start.Environment["IdentityHost__Audience"]) = (issuer, issuer);
            start.ArgumentList.Add(Path.Combine(built, name + ".dll"));
        }
        var sample = new Sample(name, new Process { StartInfo = start }, new HttpClient { BaseAddress = new Uri($"http://localhost:{port}") });
        sample._process.Start();
        sample._process.BeginOutputReadLine();
        sample._process.BeginErrorReadLine();
        await Eventually.TrueAsync(sample.AnswersAsync, Patience);
        return sample;
    }

    /// <summary>Sends the token to what it guards. Returns the status.</summary>
    public async Task<HttpStatusCode> StatusAsync(string? token)
    {
        using var answer = await Client.CallAsync(HttpMethod.Get, "/orders", token);
        return answer.StatusCode;
    }

    static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    internal static void SkipWithout(string program)
    {
        var missing = !(Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, program)));
        Assert.SkipWhen(missing && Environment.GetEnvironmentVariable("CI") != "true", $"{program} is missing.");
        Assert.False(missing, $"{program} is missing.");
    }

    /// <summary>Installs the packages of a program in Node, if they are not there yet.</summary>
    internal static async Task InstallAsync(string folder)
    {
        await Installing.WaitAsync();
        try
        {
            if (Directory.Exists(Path.Combine(folder, "node_modules", "jose")))
                return;
            using var install = Process.Start(new ProcessStartInfo("npm") { ArgumentList = { "ci", "--silent" }, WorkingDirectory = folder })!;
            await install.WaitForExitAsync();
            Assert.Equal(0, install.ExitCode);
        }
        finally
        {
            Installing.Release();
        }
    }

    async Task<bool> AnswersAsync()
    {
        Assert.False(_process.HasExited, Printed);
        try
        {
            using var answer = await Client.GetAsync("/orders");
            return true;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    void Keep(string? line)
    {
        lock (_printed)
            _printed.AppendLine(line);
    }
}
