namespace IdentityHost.SignIn.Providers;

/// <summary>
/// The connection to the endpoints that the operator configured. Whatever is at the other end, a request takes ten seconds and a megabyte at most,
/// and leads nowhere else.
/// </summary>
internal sealed class GoogleBackchannel : IDisposable
{
    const int MostBytes = 1024 * 1024;
    static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    public HttpClient Client { get; } = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        ConnectTimeout = TimeSpan.FromSeconds(5),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
    })
    {
        Timeout = Longest,
        MaxResponseContentBufferSize = MostBytes,
    };

    public void Dispose() => Client.Dispose();
}
