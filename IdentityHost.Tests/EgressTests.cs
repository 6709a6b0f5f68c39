using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Internal;

namespace IdentityHost.Tests;

/// <summary>Addresses that others choose lead to the public internet or nowhere.</summary>
public sealed class EgressTests
{
    static readonly TimeSpan Within = TimeSpan.FromSeconds(5);

    [Theory]
    [Case(186)]
    [InlineData("8.8.8.8", true)]
    [InlineData("172.15.0.1", true)]
    [InlineData("172.32.0.1", true)]
    [InlineData("2a00:1450:4001:80b::200e", true)]
    [InlineData("64:ff9b::808:808", true)]
    [InlineData("127.0.0.1", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("10.1.2.3", false)]
    [InlineData("172.16.0.1", false)]
    [InlineData("172.31.255.255", false)]
    [InlineData("192.168.1.1", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("100.64.0.1", false)]
    [InlineData("192.0.0.8", false)]
    [InlineData("198.18.0.1", false)]
    [InlineData("224.0.0.1", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("::1", false)]
    [InlineData("::", false)]
    [InlineData("::ffff:127.0.0.1", false)]
    [InlineData("::ffff:10.0.0.1", false)]
    [InlineData("::127.0.0.1", false)]
    [InlineData("64:ff9b::a9fe:a9fe", false)]
    [InlineData("64:ff9b:1::1", false)]
    [InlineData("2002:7f00:1::", false)]
    [InlineData("2001::1", false)]
    [InlineData("2001:db8::1", false)]
    [InlineData("fe80::1", false)]
    [InlineData("fc00::1", false)]
    [InlineData("fd12:3456::1", false)]
    [InlineData("ff02::1", false)]
    public void Public_addresses_only(string address, bool allowed) => Assert.Equal(allowed, Egress.IsPublic(IPAddress.Parse(address)));

    [Theory]
    [Case(186)]
    [InlineData("127.0.0.1")]
    [InlineData("localhost")]
    [InlineData("[::1]")]
    [InlineData("[::ffff:127.0.0.1]")]
    [InlineData("2130706433")]
    [InlineData("0x7f.1")]
    public async Task Inside_address_is_not_even_connected_to(string name)
    {
        using var listener = new TcpListener(IPAddress.IPv6Any, 0) { Server = { DualMode = true } };
        listener.Start();
        using var egress = Create(allowLoopback: false);
        await Assert.ThrowsAsync<HttpRequestException>(() => egress.ReadAsync(Address(name, listener), "image/png", 1024, Within, default));
        await Assert.ThrowsAsync<HttpRequestException>(() => egress.PostAsync(Address(name, listener), [], 1024, Within, default));
        Assert.False(listener.Pending());
    }

    [Fact]
    public async Task Slow_answer_is_given_up()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var egress = Create(allowLoopback: true);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => egress.ReadAsync(Address("127.0.0.1", listener), "image/png", 1024, TimeSpan.FromMilliseconds(300), default));
        Assert.True(listener.Pending());
    }

    /// <summary>A gigabyte, announced or not: what has left the sender when the connection ends is what was read and what the sockets hold.</summary>
    [Theory]
    [Case(68)]
    [InlineData("Content-Length: 1073741824")]
    [InlineData("Connection: close")]
    public async Task Endless_answer_is_read_to_the_limit(string header)
    {
        const int limit = 64 * 1024;
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var egress = Create(allowLoopback: true);
        var reading = egress.ReadAsync(Address("127.0.0.1", listener), "application/json", limit, Within, default);
        using var client = await listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
        client.SendBufferSize = limit;
        await using var stream = client.GetStream();
        var sent = 0L;
        await Assert.ThrowsAnyAsync<IOException>(async () =>
        {
            await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\n{header}\r\n\r\n"), TestContext.Current.CancellationToken);
            for (var block = new byte[4096]; sent < 1 << 30; sent += block.Length)
                await stream.WriteAsync(block, TestContext.Current.CancellationToken);
        });
        Assert.Null(await reading);
        Assert.InRange(sent, 0, 10 * 1024 * 1024);
    }

    [Fact]
    [Case(186)]
    public async Task Answer_to_a_post_is_read_to_the_limit_and_a_redirect_is_not_followed()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var egress = Create(allowLoopback: true);
        var posting = egress.PostAsync(Address("127.0.0.1", listener), [new("a", "b c")], 100, Within, default);
        using (var client = await listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken))
        {
            await using var stream = client.GetStream();
            // Without an end: whoever read on would wait for ever.
            var answer = $"HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:{Address("127.0.0.1", listener).Port}/again\r\nContent-Length: 1000000\r\n\r\n{new string('x', 5000)}";
            await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes(answer), TestContext.Current.CancellationToken);
            Assert.Equal(new EgressAnswer(307, new string('x', 100)), await posting);
        }
        Assert.False(listener.Pending());
    }

    static Uri Address(string name, TcpListener listener) => new($"http://{name}:{((IPEndPoint)listener.LocalEndpoint).Port}/picture.png");

    static Egress Create(bool allowLoopback) => new(
        new ConfigurationBuilder().AddInMemoryCollection([new("Egress:AllowLoopback", allowLoopback ? "true" : "false")]).Build(),
        new HostingEnvironment { EnvironmentName = Environments.Production });
}
