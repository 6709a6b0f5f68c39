namespace IdentityHost.Tests.Hosting;

/// <summary>Requests whose length two readers could understand differently (RFC 9112 section 6): refused, and nothing more is read.</summary>
public sealed class FramingTests(HostingFixture host) : IClassFixture<HostingFixture>
{
    const string Start = "POST /users/read HTTP/1.1\r\nHost: id.example.com\r\n";
    const string Smuggled = "GET /users/probe HTTP/1.1\r\nHost: id.example.com\r\n\r\n";

    [Theory]
    [InlineData("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n")]
    [InlineData("Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello")]
    [InlineData("Content-Length: 5, 5\r\n\r\nhello")]
    [InlineData("X-Folded: a\r\n b\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n5;\nfoo\r\nhello\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n")]
    [Case(195)]
    public async Task Ambiguous_framing_is_refused_and_closed(string rest)
    {
        var answer = await host.Wire.SendAsync(Start + rest + Smuggled);
        Assert.Equal(400, answer.Status);
        Assert.True(answer.Closed, answer.Text);
        Assert.DoesNotContain("path_base", answer.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chunked_body_alone_is_read()
    {
        var answer = await host.Wire.SendAsync(Start + "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
        Assert.Equal(200, answer.Status);
        Assert.Contains("hello", answer.Text, StringComparison.Ordinal);
    }
}
