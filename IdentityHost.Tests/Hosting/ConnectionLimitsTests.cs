using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using IdentityHost.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace IdentityHost.Tests.Hosting;

/// <summary>One client's size, slowness or number of connections does not take the host from others.</summary>
public sealed class ConnectionLimitsTests(HostingFixture host) : IClassFixture<HostingFixture>
{
    [Theory]
    [InlineData(8 * 1024, 414)]
    [InlineData(8 * 1024 - 200, 404)]
    [Case(196)]
    public async Task Request_line_is_bounded(int length, int status)
    {
        var answer = await host.Wire.SendAsync($"GET /{new string('a', length)} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        Assert.Equal(status, answer.Status);
        Assert.True(answer.Closed);
    }

    [Fact]
    [Case(196)]
    public async Task Size_of_headers_is_bounded()
    {
        var answer = await host.Wire.SendAsync($"GET /users/probe HTTP/1.1\r\nHost: a\r\nX-Long: {new string('a', 32 * 1024)}\r\n\r\n");
        Assert.Equal(431, answer.Status);
        Assert.True(answer.Closed);
    }

    [Theory]
    [InlineData(101, 431)]
    [InlineData(98, 200)]
    [Case(196)]
    public async Task Number_of_headers_is_bounded(int count, int status)
    {
        var headers = string.Concat(Enumerable.Range(0, count).Select(i => $"X-{i}: 1\r\n"));
        var answer = await host.Wire.SendAsync($"GET /users/probe HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{headers}\r\n");
        Assert.Equal(status, answer.Status);
    }

    [Fact]
    [Case(197)]
    public void Production_values()
    {
        var kestrel = new KestrelServerOptions();
        ConnectionLimits.Apply(kestrel);
        Assert.Equal(TimeSpan.FromSeconds(30), kestrel.Limits.RequestHeadersTimeout);
        Assert.Equal(240, kestrel.Limits.MinRequestBodyDataRate!.BytesPerSecond);
        Assert.Equal(30_000_000, kestrel.Limits.MaxRequestBodySize);
    }

    [Fact]
    [Case(197)]
    public async Task Slow_headers_and_bodies_are_cut()
    {
        await using var app = await HostingFixture.StartAsync(services: services => services.Configure<KestrelServerOptions>(kestrel =>
        {
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(1);
            kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(240, TimeSpan.FromSeconds(1.5));
        }));
        var wire = new Wire(HostingFixture.PortOf(app));
        var patience = TimeSpan.FromSeconds(15);

        var headers = wire.SendAsync("GET /users/probe HTTP/1.1\r\nHost: a\r\nX-Slow: ", patience);
        var body = wire.SendAsync("POST /users/read HTTP/1.1\r\nHost: a\r\nContent-Length: 99999\r\n\r\n8 bytes.", patience);
        var dripping = DripAsync(wire, patience);
        foreach (var answer in await Task.WhenAll(headers, body, dripping))
        {
            Assert.True(answer.Closed);
            Assert.Equal(408, answer.Status);
        }
    }

    /// <summary>10 bytes a second: always something to read, never enough.</summary>
    static async Task<Wire.Answer> DripAsync(Wire wire, TimeSpan patience)
    {
        using var client = await wire.ConnectAsync();
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes("POST /users/read HTTP/1.1\r\nHost: a\r\nContent-Length: 99999\r\n\r\n"));
        var reading = Wire.ReadAsync(stream, patience);
        try
        {
            while (!reading.IsCompleted)
            {
                await stream.WriteAsync("x"u8.ToArray());
                await Task.Delay(100);
            }
        }
        catch (IOException)
        {
            // The server closed; its answer says why.
        }
        return await reading;
    }

    [Fact]
    [Case(197)]
    public async Task Idle_connections_leave_others_unaffected()
    {
        var idle = new List<Socket>();
        try
        {
            for (var i = 0; i < 2_000; i++)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                idle.Add(socket);
                await socket.ConnectAsync(IPAddress.Loopback, host.Port);
            }
            using var client = HostingFixture.ClientOf(host.Port);
            for (var i = 0; i < 20; i++)
            {
                var watch = Stopwatch.StartNew();
                using var answer = await client.GetAsync("/users/probe");
                Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
                Assert.True(watch.Elapsed < TimeSpan.FromSeconds(2), $"took {watch.Elapsed}");
            }
        }
        finally
        {
            idle.ForEach(socket => socket.Dispose());
        }
    }
}
