using System.Data.Common;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace IdentityHost.Tests.Hosting;

/// <summary>What orchestrators and balancers ask.</summary>
public sealed class HealthTests(HostingFixture host) : IClassFixture<HostingFixture>
{
    [Fact]
    public async Task Live_while_the_database_is_away()
    {
        using var answer = await host.Client.GetAsync("/health/live");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("""{"status":"ok","checks":{}}""", await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Not_ready_while_the_database_is_away()
    {
        using var answer = await host.Client.GetAsync("/health/ready");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Equal("""{"status":"unavailable","checks":{"database":"unavailable"}}""", await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Not_ready_within_two_seconds_of_a_database_that_says_nothing()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var port = ((IPEndPoint)silent.LocalEndpoint).Port;
        await using var app = await HostingFixture.StartAsync(services: services =>
            services.AddSingleton<DbDataSource>(_ => NpgsqlDataSource.Create($"Host=127.0.0.1;Port={port};Username=nobody;Timeout=60")));
        using var client = HostingFixture.ClientOf(HostingFixture.PortOf(app));
        var watch = Stopwatch.StartNew();
        using var answer = await client.GetAsync("/health/ready");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(2));
    }
}
