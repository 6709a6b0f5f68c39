using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace IdentityHost.Tests.Support;

/// <summary>
/// Two nodes of the host, each with real Kestrel, on one real database, behind a balancer that sends each request to the next node. State
/// that only one node knows fails a test at once. A class that needs other settings derives its own.
/// </summary>
public class HostFixture(TestPostgres postgres) : IAsyncLifetime
{
    public const string Issuer = "http://localhost:5000";
    public const string AdminName = "admin";
    public const string AdminPassword = "correct horse battery staple";

    string _connectionString = "";

    /// <summary>The nodes, in order.</summary>
    public IReadOnlyList<HostNode> Nodes { get; private set; } = [];

    /// <summary>Non-sticky: each request goes to the node after the last one's.</summary>
    public HttpClient Client { get; private set; } = null!;

    /// <summary>The database beneath both, as its owner.</summary>
    public NpgsqlDataSource Database { get; private set; } = null!;

    public TestClock Clock { get; private set; } = null!;

    public string ConnectionString => _connectionString;

    protected virtual int NodeCount => 2;

    /// <summary>Most tests are about what every environment does.</summary>
    protected virtual string EnvironmentName => "Development";

    /// <summary>Settings beside those that every test host has.</summary>
    protected virtual IEnumerable<KeyValuePair<string, string?>> Settings => [];

    public virtual async ValueTask InitializeAsync()
    {
        _connectionString = await postgres.CreateDatabaseAsync(default);
        Database = NpgsqlDataSource.Create(_connectionString);
        var nodes = new List<HostNode>();
        for (var i = 0; i < NodeCount; i++)
            nodes.Add(await HostNode.StartAsync(_connectionString, Settings, EnvironmentName));
        Nodes = nodes;
        Client = new HttpClient(new Balancer(nodes)) { BaseAddress = new Uri(Issuer) };
        Clock = new TestClock(Database, nodes);
    }

    public virtual async ValueTask DisposeAsync()
    {
        Client?.Dispose();
        foreach (var node in Nodes)
            await node.DisposeAsync();
        if (Database is not null)
            await Database.DisposeAsync();
        await postgres.DropDatabaseAsync(_connectionString);
        GC.SuppressFinalize(this);
    }

    /// <summary>The first column of the first row.</summary>
    public async Task<T?> ScalarAsync<T>(string sql, params object[] parameters)
    {
        await using var command = Database.CreateCommand(sql);
        foreach (var parameter in parameters)
            command.Parameters.Add(new NpgsqlParameter { Value = parameter });
        return await command.ExecuteScalarAsync() is T value ? value : default;
    }

    public async Task<int> ExecuteAsync(string sql, params object[] parameters)
    {
        await using var command = Database.CreateCommand(sql);
        foreach (var parameter in parameters)
            command.Parameters.Add(new NpgsqlParameter { Value = parameter });
        return await command.ExecuteNonQueryAsync();
    }
}

/// <summary>One node.</summary>
public sealed class HostNode : IAsyncDisposable
{
    HostNode(WebApplication app, LogRecorder log)
    {
        App = app;
        Log = log;
        Address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        Client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = Address };
    }

    public WebApplication App { get; }

    public Uri Address { get; }

    /// <summary>Straight to this node.</summary>
    public HttpClient Client { get; }

    /// <summary>Everything the node logged, at Debug too.</summary>
    public LogRecorder Log { get; }

    public T Service<T>()
        where T : notnull => App.Services.GetRequiredService<T>();

    internal static async Task<HostNode> StartAsync(string connectionString, IEnumerable<KeyValuePair<string, string?>> settings, string environment = "Development")
    {
        var log = new LogRecorder();
        var app = Build(connectionString, settings, log, environment);
        await app.StartAsync();
        return new HostNode(app, log);
    }

    internal static WebApplication Build(string connectionString, IEnumerable<KeyValuePair<string, string?>> settings, LogRecorder log, string environment = "Development")
    {
        string[] args = [$"--environment={environment}", "--urls=http://127.0.0.1:0", $"--contentRoot={Repository.Root}"];
        var builder = Program.CreateBuilder(args);
        builder.Logging.ClearProviders().AddProvider(log).SetMinimumLevel(LogLevel.Debug);
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["ConnectionStrings:Postgres"] = connectionString,
            ["Issuer"] = HostFixture.Issuer,
            ["SEED_ADMIN_EMAIL"] = "admin@example.com",
            ["SEED_ADMIN_USERNAME"] = HostFixture.AdminName,
            ["SEED_ADMIN_PASSWORD"] = HostFixture.AdminPassword,
            // Hashing at full cost is for the tests that are about it.
            ["Passwords:Iterations"] = "10000",
            // All tests of a host come from one address; those about limits set their own.
            ["RateLimits:Client:Failures"] = "1000000",
            ["RateLimits:Address:Failures"] = "1000000",
            ["RateLimits:Registration:Permits"] = "1000000",
            ["RateLimits:Mail:Permits"] = "1000000",
            ["RateLimits:ClientRegistration:Permits"] = "1000000",
        });
        builder.Configuration.AddInMemoryCollection(settings);
        return Program.Build(builder);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await App.StopAsync();
        await App.DisposeAsync();
    }
}

/// <summary>Sends each request to the next node, whatever host it names; never keeps cookies, never follows redirects.</summary>
sealed class Balancer(IReadOnlyList<HostNode> nodes) : DelegatingHandler(new HttpClientHandler { AllowAutoRedirect = false, UseCookies = false })
{
    int _turn = -1;

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var node = nodes[(int)((uint)Interlocked.Increment(ref _turn) % (uint)nodes.Count)];
        request.RequestUri = new UriBuilder(request.RequestUri!) { Host = node.Address.Host, Port = node.Address.Port }.Uri;
        return base.SendAsync(request, cancellationToken);
    }
}

/// <summary>The host that every class without settings of its own shares.</summary>
[CollectionDefinition(Name)]
public sealed class SharedHost : ICollectionFixture<HostFixture>
{
    public const string Name = "Shared host";
}
