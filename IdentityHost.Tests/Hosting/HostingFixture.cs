using System.Data.Common;
using IdentityHost.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Pages;

namespace IdentityHost.Tests.Hosting;

/// <summary>The edge of the host alone: what AddHosting and UseHosting do, on a real Kestrel, in front of a few probes.</summary>
public sealed class HostingFixture : IAsyncLifetime
{
    /// <summary>The issuer of the fixture's host; nothing listens there.</summary>
    public const string Issuer = "https://id.example.com";

    WebApplication started = null!;

    public int Port { get; private set; }

    /// <summary>Sends to the host; follows no redirect.</summary>
    public HttpClient Client { get; private set; } = null!;

    internal Wire Wire => new(Port);

    public async ValueTask InitializeAsync()
    {
        started = await StartAsync();
        Port = PortOf(started);
        Client = ClientOf(Port);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await started.DisposeAsync();
    }

    internal static async Task<WebApplication> StartAsync(
        Dictionary<string, string?>? settings = null, Action<IServiceCollection>? services = null, string environment = "Production")
    {
        var app = Build(settings, services, environment);
        await app.StartAsync();
        return app;
    }

    internal static WebApplication Build(
        Dictionary<string, string?>? settings = null, Action<IServiceCollection>? services = null, string environment = "Production")
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions
        {
            ApplicationName = "IdentityHost",
            EnvironmentName = environment,
            ContentRootPath = Root(),
        });
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["Issuer"] = Issuer });
        builder.Configuration.AddInMemoryCollection(settings ?? []);
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.AddHosting();
        builder.AddPages();
        // Nothing listens on port 1: readiness meets a database that is away.
        builder.Services.AddSingleton<DbDataSource>(_ => NpgsqlDataSource.Create("Host=127.0.0.1;Port=1;Username=nobody;Timeout=1"));
        services?.Invoke(builder.Services);
        var app = builder.Build();
        app.UseHosting();
        app.MapPages();
        Probes.Map(app);
        return app;
    }

    internal static int PortOf(WebApplication app) => new Uri(app.Urls.Single()).Port;

    internal static HttpClient ClientOf(int port) =>
        new(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri($"http://127.0.0.1:{port}") };

    /// <summary>The folder of IdentityHost.slnx, where Pages and wwwroot are.</summary>
    static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "IdentityHost.slnx")))
            folder = folder.Parent ?? throw new InvalidOperationException("The tests run outside of the repository.");
        return folder.FullName;
    }
}
