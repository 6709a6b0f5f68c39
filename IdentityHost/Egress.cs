using System.Net;
using System.Net.Sockets;
using System.Text;

namespace IdentityHost;

/// <summary>
/// The one client for addresses that somebody else chose (a picture, a webhook). It resolves the name itself, refuses every address that is not a
/// public one, and connects to exactly the address it has checked, so that a name that answers differently the second time leads nowhere. No
/// redirects, no proxy, no cookies. Stands in the root namespace: everybody may use it.
/// </summary>
internal sealed class Egress : IDisposable
{
    static readonly TimeSpan ConnectWithin = TimeSpan.FromSeconds(3);

    readonly HttpClient _client;
    readonly bool _allowLoopback;

    public Egress(IConfiguration configuration, IHostEnvironment environment)
    {
        _allowLoopback = configuration.GetValue("Egress:AllowLoopback", environment.IsDevelopment());
        _client = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            ConnectTimeout = ConnectWithin,
            ConnectCallback = ConnectAsync,
            // A pooled connection leads where the name led when it was checked.
            PooledConnectionLifetime = TimeSpan.FromMinutes(1),
            MaxResponseHeadersLength = 16,
            // What lies beyond the limit is not read to its end to keep the connection.
            MaxResponseDrainSize = 0,
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    /// <summary>Reads a small answer whole.</summary>
    /// <param name="address">An absolute http or https address.</param>
    /// <param name="accept">The media types to ask for.</param>
    /// <param name="limit">The most bytes that are read.</param>
    /// <param name="within">The most time for all of it, the connection included.</param>
    /// <param name="cancellationToken">Gives up earlier.</param>
    /// <returns>The body of a 200; null for any other answer, and for a body beyond the limit.</returns>
    /// <exception cref="HttpRequestException">The address is not public, or nobody answers there.</exception>
    /// <exception cref="OperationCanceledException">It took too long.</exception>
    public async Task<byte[]?> ReadAsync(Uri address, string accept, int limit, TimeSpan within, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(within);
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.TryAddWithoutValidation("Accept", accept);
        using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, timeout.Token);
        if (response.StatusCode != HttpStatusCode.OK || response.Content.Headers.ContentLength > limit)
            return null;
        await using var body = await response.Content.ReadAsStreamAsync(timeout.Token);
        using var read = new MemoryStream();
        var buffer = new byte[16 * 1024];
        int count;
        while ((count = await body.ReadAsync(buffer, timeout.Token)) > 0)
        {
            if (read.Length + count > limit)
                return null;
            read.Write(buffer, 0, count);
        }
        return read.ToArray();
    }

    /// <summary>Posts a form.</summary>
    /// <param name="address">An absolute http or https address.</param>
    /// <param name="form">The fields.</param>
    /// <param name="limit">The most bytes of the answer that are read.</param>
    /// <param name="within">The most time for all of it, the connection included.</param>
    /// <param name="cancellationToken">Gives up earlier.</param>
    /// <returns>The status, whatever it is (a redirect is not followed), and how the body begins.</returns>
    /// <exception cref="HttpRequestException">The address is not public, or nobody answers there.</exception>
    /// <exception cref="OperationCanceledException">It took too long.</exception>
    public async Task<EgressAnswer> PostAsync(
        Uri address, IEnumerable<KeyValuePair<string, string>> form, int limit, TimeSpan within, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(within);
        using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = new FormUrlEncodedContent(form) };
        using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, timeout.Token);
        await using var body = await response.Content.ReadAsStreamAsync(timeout.Token);
        var buffer = new byte[limit];
        var read = await body.ReadAtLeastAsync(buffer, limit, throwOnEndOfStream: false, timeout.Token);
        return new EgressAnswer((int)response.StatusCode, Encoding.UTF8.GetString(buffer, 0, read));
    }

    /// <summary>
    /// Whether an address leads inside by its own spelling: an IP address that is not public, or a name of this machine. What a name leads to is
    /// known only when it is connected to.
    /// </summary>
    public bool LeadsInside(Uri address)
    {
        if (IPAddress.TryParse(address.Host.Trim('[', ']'), out var literal))
            return !MayConnect(literal);
        return !_allowLoopback
            && (address.IdnHost == "localhost" || address.IdnHost.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase));
    }

    public void Dispose() => _client.Dispose();

    /// <summary>Whether an address belongs to the public internet (IANA special-purpose registries, RFC 6890). IPv6 that carries an IPv4 address is judged by that.</summary>
    public static bool IsPublic(IPAddress address)
    {
        if (address.AddressFamily == AddressFamily.InterNetwork)
            return IsPublic4(address.GetAddressBytes());
        if (address.IsIPv4MappedToIPv6)
            return IsPublic4(address.MapToIPv4().GetAddressBytes());
        var bytes = address.GetAddressBytes();
        return bytes switch
        {
            // NAT64 (RFC 6052) and 6to4 (RFC 3056) lead to the IPv4 address inside.
            [0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, ..] => IsPublic4(bytes[12..]),
            [0x20, 0x02, ..] => IsPublic4(bytes[2..6]),
            // Teredo, benchmarking, ORCHID and other protocol assignments (2001::/23), and documentation.
            [0x20, 0x01, < 0x02, ..] or [0x20, 0x01, 0x0d, 0xb8, ..] or [0x3f, 0xff, < 0x10, ..] => false,
            // What IANA has given out for the public internet is 2000::/3; loopback, local and multicast addresses lie outside.
            [>= 0x20 and <= 0x3f, ..] => true,
            _ => false,
        };
    }

    static bool IsPublic4(byte[] address) => address switch
    {
        [0 or 10 or 127, ..] or [100, >= 64 and <= 127, ..] or [169, 254, ..] or [172, >= 16 and <= 31, ..] or [192, 168, ..] => false,
        [192, 0, 0 or 2, _] or [192, 88, 99, _] or [198, 18 or 19, ..] or [198, 51, 100, _] or [203, 0, 113, _] or [>= 224, ..] => false,
        _ => true,
    };

    async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var (host, port) = (context.DnsEndPoint.Host, context.DnsEndPoint.Port);
        var addresses = await Dns.GetHostAddressesAsync(host, cancellationToken);
        // One inside address among them is enough to refuse the name: which one is used would be chance.
        if (addresses.Length == 0 || !addresses.All(MayConnect))
            throw new HttpRequestException("The address leads to no public host.");
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    bool MayConnect(IPAddress address) => IsPublic(address) || (_allowLoopback && IPAddress.IsLoopback(address));
}

/// <summary>What came back.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Text">The beginning of the body; what is not UTF-8 in it is replaced.</param>
internal readonly record struct EgressAnswer(int Status, string Text);
