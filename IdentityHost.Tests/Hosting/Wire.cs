using System.Net;
using System.Net.Sockets;
using System.Text;

namespace IdentityHost.Tests.Hosting;

/// <summary>Bytes as an attacker sends them, which no HTTP client would.</summary>
sealed class Wire(int port)
{
    /// <param name="Text">All that came, as Latin-1.</param>
    /// <param name="Closed">Whether the server closed the connection within the patience.</param>
    public sealed record Answer(string Text, bool Closed)
    {
        /// <summary>The first answer's status; 0 when the connection closed without one.</summary>
        public int Status => Text.Length > 12 ? int.Parse(Text.AsSpan(9, 3), System.Globalization.CultureInfo.InvariantCulture) : 0;
    }

    public async Task<TcpClient> ConnectAsync()
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port);
        return client;
    }

    /// <summary>Sends, then reads until the server closes or says nothing more for <paramref name="patience"/> (2 s).</summary>
    public async Task<Answer> SendAsync(string request, TimeSpan? patience = null)
    {
        using var client = await ConnectAsync();
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(request));
        return await ReadAsync(stream, patience ?? TimeSpan.FromSeconds(2));
    }

    public static async Task<Answer> ReadAsync(NetworkStream stream, TimeSpan patience)
    {
        var text = new StringBuilder();
        var buffer = new byte[4096];
        while (true)
        {
            try
            {
                using var timeout = new CancellationTokenSource(patience);
                var count = await stream.ReadAsync(buffer, timeout.Token);
                if (count == 0)
                    return new(text.ToString(), Closed: true);
                text.Append(Encoding.Latin1.GetString(buffer, 0, count));
            }
            catch (OperationCanceledException)
            {
                return new(text.ToString(), Closed: false);
            }
            catch (IOException)
            {
                // A reset is a close too.
                return new(text.ToString(), Closed: true);
            }
        }
    }
}
