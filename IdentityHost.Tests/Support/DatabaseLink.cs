using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Npgsql;

namespace IdentityHost.Tests.Support;

/// <summary>
/// The line between a node and its database: a proxy on the loopback that passes everything on, until it is told to lose an answer. What the
/// database was asked is done by then, and committed; who asked never hears of it.
/// </summary>
sealed class DatabaseLink : IAsyncDisposable
{
    /// <summary>ReadyForQuery outside a transaction: the end of an answer, after the commit (PostgreSQL protocol, "Message Formats").</summary>
    static ReadOnlySpan<byte> Committed => "Z\0\0\0\u0005I"u8;

    /// <summary>
    /// How the answer to a statement that reads what it wrote ends. The driver sends the reset of a pooled connection along with the next statement,
    /// and its answer, which ends alike, may come in a packet of its own while the statement is still at work.
    /// </summary>
    static ReadOnlySpan<byte> Answered => "SELECT "u8;

    readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    readonly CancellationTokenSource _stop = new();
    readonly EndPoint _server;
    readonly Task _accepting;
    string? _lose;
    int _lost;

    DatabaseLink(string connectionString)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        _server = settings.Host!.StartsWith('/')
            ? new UnixDomainSocketEndPoint($"{settings.Host}/.s.PGSQL.{settings.Port.ToString(CultureInfo.InvariantCulture)}")
            : new DnsEndPoint(settings.Host, settings.Port);
        _listener.Start();
        settings.Host = "127.0.0.1";
        settings.Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        settings.SslMode = SslMode.Disable;
        settings.GssEncryptionMode = GssEncryptionMode.Disable;
        // Each statement travels with its text, by which it is known here.
        settings.AutoPrepareMinUsages = int.MaxValue;
        ConnectionString = settings.ConnectionString;
        _accepting = AcceptAsync();
    }

    /// <summary>For the node that is to use this line.</summary>
    public string ConnectionString { get; }

    /// <summary>What happens at the moment that an answer is lost, while who asked still waits for it.</summary>
    public Func<Task> WhenLost { get; set; } = static () => Task.CompletedTask;

    /// <summary>How many answers were lost so far.</summary>
    public int Lost => Volatile.Read(ref _lost);

    public static DatabaseLink To(string connectionString) => new(connectionString);

    /// <summary>Loses the answer to the next statement with this text, and the connection with it.</summary>
    public void LoseAnswerTo(string text) => Volatile.Write(ref _lose, text);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _stop.Dispose();
    }

    async Task AcceptAsync()
    {
        List<Task> lines = [];
        try
        {
            while (true)
                lines.Add(CarryAsync(await _listener.AcceptSocketAsync(_stop.Token)));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(lines);
        }
    }

    async Task CarryAsync(Socket node)
    {
        using var near = node;
        using var far = new Socket(_server.AddressFamily is AddressFamily.Unix ? AddressFamily.Unix : AddressFamily.InterNetwork, SocketType.Stream,
            _server.AddressFamily is AddressFamily.Unix ? ProtocolType.Unspecified : ProtocolType.Tcp);
        try
        {
            await far.ConnectAsync(_server, _stop.Token);
            var line = new Line();
            // Whichever ends first ends the other: both sockets are closed on return.
            await Task.WhenAny(AskAsync(near, far, line), AnswerAsync(far, near, line));
        }
        catch (Exception e) when (IsEnd(e))
        {
        }
    }

    async Task AskAsync(Socket node, Socket server, Line line)
    {
        try
        {
            var buffer = new byte[64 * 1024];
            for (int read; (read = await node.ReceiveAsync(buffer, _stop.Token)) > 0;)
            {
                if (Volatile.Read(ref _lose) is { } text && buffer.AsSpan(0, read).IndexOf(Encoding.UTF8.GetBytes(text)) >= 0
                    && Interlocked.CompareExchange(ref _lose, null, text) == text)
                    line.Losing = true;
                await server.SendAsync(buffer.AsMemory(0, read), _stop.Token);
            }
        }
        catch (Exception e) when (IsEnd(e))
        {
        }
    }

    async Task AnswerAsync(Socket server, Socket node, Line line)
    {
        try
        {
            var buffer = new byte[64 * 1024];
            using var kept = new MemoryStream();
            for (int read; (read = await server.ReceiveAsync(buffer, _stop.Token)) > 0;)
            {
                if (!line.Losing)
                {
                    await node.SendAsync(buffer.AsMemory(0, read), _stop.Token);
                    continue;
                }
                kept.Write(buffer, 0, read);
                var answer = kept.GetBuffer().AsSpan(0, (int)kept.Length);
                if (answer.EndsWith(Committed) && answer.IndexOf(Answered) >= 0)
                {
                    Interlocked.Increment(ref _lost);
                    await WhenLost();
                    return;
                }
            }
        }
        catch (Exception e) when (IsEnd(e))
        {
        }
    }

    static bool IsEnd(Exception e) => e is OperationCanceledException or SocketException or ObjectDisposedException;

    sealed class Line
    {
        public volatile bool Losing;
    }
}
