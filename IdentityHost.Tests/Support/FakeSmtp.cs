using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace IdentityHost.Tests.Support;

/// <summary>
/// A mail server on this machine (RFC 5321, without TLS). What it does with a mail depends on how the recipient's name begins: <c>later-</c> is
/// refused for now, <c>gone-</c> for good, <c>drop-</c> loses its connection, <c>slow-</c> gets no answer while <see cref="Hold"/> is set.
/// </summary>
public sealed class FakeSmtp : IAsyncDisposable
{
    readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    readonly CancellationTokenSource _stop = new();
    readonly Task _accepting;

    public FakeSmtp()
    {
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>What was taken: recipient and the message as it came, headers and body.</summary>
    public ConcurrentQueue<(string To, string Message)> Taken { get; } = new();

    /// <summary>Recipients asked for, refused ones too.</summary>
    public ConcurrentQueue<string> Asked { get; } = new();

    /// <summary>Slow recipients wait for it.</summary>
    public TaskCompletionSource Hold { get; set; } = new();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Hold.TrySetResult();
        _listener.Stop();
        await _accepting;
        _stop.Dispose();
    }

    async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                _ = ServeAsync(client);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
        }
    }

    async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                using var reader = new StreamReader(client.GetStream(), Encoding.Latin1);
                await using var writer = new StreamWriter(client.GetStream(), Encoding.Latin1) { NewLine = "\r\n", AutoFlush = true };
                await writer.WriteLineAsync("220 fake ready");
                var to = "";
                while (await reader.ReadLineAsync(_stop.Token) is { } line)
                {
                    var verb = line.Split(' ', ':')[0].ToUpperInvariant();
                    if (verb == "RCPT")
                        to = line[(line.IndexOf('<', StringComparison.Ordinal) + 1)..line.IndexOf('>', StringComparison.Ordinal)];
                    if (verb == "RCPT" && await RefusalAsync(to) is { } refusal)
                    {
                        if (refusal.Length == 0)
                            return;
                        await writer.WriteLineAsync(refusal);
                        continue;
                    }
                    if (verb == "DATA")
                    {
                        await writer.WriteLineAsync("354 go on");
                        if (await DataAsync(reader) is not { } message)
                            return;
                        Taken.Enqueue((to, message));
                    }
                    await writer.WriteLineAsync(verb == "QUIT" ? "221 bye" : "250 fine");
                    if (verb == "QUIT")
                        return;
                }
            }
            catch (Exception e) when (e is OperationCanceledException or IOException)
            {
            }
        }
    }

    /// <summary>Null to go on; empty to hang up.</summary>
    async Task<string?> RefusalAsync(string to)
    {
        Asked.Enqueue(to);
        if (to.StartsWith("slow-", StringComparison.Ordinal))
            await Hold.Task;
        return to.Split('-')[0] switch
        {
            "later" => "451 4.7.1 come back later",
            "gone" => "550 5.1.1 nobody of that name",
            "drop" => "",
            _ => null,
        };
    }

    /// <summary>Null where the sender hung up before the end: such a mail was not taken, and comes again (RFC 5321 §4.1.1.4).</summary>
    async Task<string?> DataAsync(StreamReader reader)
    {
        var message = new StringBuilder();
        while (await reader.ReadLineAsync(_stop.Token) is { } line)
        {
            if (line == ".")
                return message.ToString();
            message.Append(line.StartsWith('.') ? line[1..] : line).Append("\r\n");
        }
        return null;
    }
}
