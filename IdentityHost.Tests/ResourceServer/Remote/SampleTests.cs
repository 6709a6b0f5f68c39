using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.ResourceServer.Remote;

/// <summary>Nodes whose discovery document names an address at which they are.</summary>
public class SampleHost(TestPostgres postgres) : HostFixture(postgres)
{
    int _port;

    /// <summary>As clients know it, and where the first node really is.</summary>
    public string Address => $"http://localhost:{_port}";

    protected override int NodeCount => 1;

    protected override IEnumerable<KeyValuePair<string, string?>> Settings => [new("urls", Address), new("Issuer", Address), new("Logging:LogLevel:Default", "Warning")];

    public override ValueTask InitializeAsync()
    {
        _port = Sample.FreePort();
        return base.InitializeAsync();
    }
}

/// <summary>The samples that are resource servers, each as its own process: they let a token in, and refuse it right after a logout.</summary>
public sealed class SampleTests(SampleHost host) : IClassFixture<SampleHost>
{
    static readonly TimeSpan Promised = TimeSpan.FromSeconds(2);

    [Theory]
    [InlineData("ResourceServer")]
    [InlineData("resource-server-node")]
    public async Task A_sample_obeys_a_logout(string name)
    {
        await using var sample = await Sample.StartAsync(name, host.Address);
        using var client = new HttpClient { BaseAddress = new Uri(host.Address) };
        for (var i = 0; i < 5; i++)
        {
            var person = await SignedIn.NewAsync(client);
            using var answer = await sample.Client.GetAsync("/orders", person.AccessToken);
            var body = await answer.Content.ReadAsStringAsync();
            Assert.True(answer.IsSuccessStatusCode, $"{(int)answer.StatusCode} {body} {sample.Printed}");
            Assert.Contains($"\"customer\":\"{person.Id}\"", body, StringComparison.Ordinal);
            await person.EndAsync(RevokingAct.Logout, client, "");
            var watch = Stopwatch.StartNew();
            while (await StatusAsync(sample, person.AccessToken) != HttpStatusCode.Unauthorized)
                Assert.True(watch.Elapsed < Promised, $"{name} accepts the token {watch.Elapsed} after the logout. {sample.Printed}");
        }
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(sample, null));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(sample, "e30.e30.e30"));
    }

    static async Task<HttpStatusCode> StatusAsync(Sample sample, string? token)
    {
        using var answer = await sample.Client.CallAsync(HttpMethod.Get, "/orders", token);
        return answer.StatusCode;
    }
}

/// <summary>A sample as its own process, on a port of its own.</summary>
sealed class Sample : IAsyncDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    readonly Process _process;
    readonly System.Text.StringBuilder _printed = new();

    Sample(Process process, HttpClient client)
    {
        (_process, Client) = (process, client);
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
    }

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
        var sample = new Sample(new Process { StartInfo = start }, new HttpClient { BaseAddress = new Uri($"http://localhost:{port}") });
        sample._process.Start();
        sample._process.BeginOutputReadLine();
        sample._process.BeginErrorReadLine();
        await Eventually.TrueAsync(sample.AnswersAsync, Patience);
        return sample;
    }

    public static int FreePort()
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

    static void SkipWithout(string program)
    {
        var missing = !(Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, program)));
        Assert.SkipWhen(missing && Environment.GetEnvironmentVariable("CI") != "true", $"{program} is missing.");
        Assert.False(missing, $"{program} is missing.");
    }

    static async Task InstallAsync(string folder)
    {
        if (Directory.Exists(Path.Combine(folder, "node_modules", "jose")))
            return;
        using var install = Process.Start(new ProcessStartInfo("npm") { ArgumentList = { "ci", "--silent" }, WorkingDirectory = folder })!;
        await install.WaitForExitAsync();
        Assert.Equal(0, install.ExitCode);
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
