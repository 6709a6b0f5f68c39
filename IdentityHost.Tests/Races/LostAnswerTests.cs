using System.Net;
using System.Net.Sockets;
using System.Text;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Races;

/// <summary>
/// The commit is done and its answer is lost, on the way from the database or on the way to the client: who tries again gets the same successor,
/// and no session is lost by it.
/// </summary>
[Collection(RacesAlone.Name)]
public sealed class LostAnswerTests(RaceHost host)
{
    const string Rotation = "UPDATE grants g SET";

    static int Rounds => RaceHost.Full ? 500 : 15;

    [Fact]
    [Case("R4")]
    public async Task Refresh_whose_answer_the_database_link_lost_is_repeated_with_the_same_successor()
    {
        await using var link = DatabaseLink.To(host.ConnectionString);
        await using var node = await HostNode.StartAsync(link.ConnectionString, [new("Logging:LogLevel:Default", "Warning")]);
        var (username, _) = await host.Client.RegisterAsync();
        for (var round = 0; round < Rounds; round++)
        {
            var first = await RaceAnswer.SignInAsync(host, username);
            link.LoseAnswerTo(Rotation);
            // A server that has too much to do may refuse the connection before the statement is sent: then nothing was lost, and it is tried again.
            for (var attempt = 0; link.Lost == round && attempt < 50; attempt++)
            {
                using var lost = await RefreshAsync(node.Client, first.RefreshToken!);
                Assert.Equal(HttpStatusCode.ServiceUnavailable, lost.StatusCode);
                Assert.NotNull(lost.Headers.RetryAfter);
            }
            Assert.True(round + 1 == link.Lost, $"{link.Lost} answers lost in round {round}. The node said: {string.Join('\n', node.Log.Lines.TakeLast(20))}");
            Assert.Equal(1, await host.ScalarAsync<int>("SELECT generation FROM grants WHERE id = $1 AND ended_at IS NULL", first.Grant));

            var here = await RaceAnswer.OfAsync(0, RefreshAsync(node.Client, first.RefreshToken!));
            var there = await RaceAnswer.RefreshAsync(host, 1, first.RefreshToken!);
            Assert.True(here.Granted && there.Granted, $"{here.Body.ToJsonString()} {there.Body.ToJsonString()}");
            Assert.Equal(here.RefreshToken, there.RefreshToken);
            Assert.Equal((first.Grant, 1), (here.Grant, here.Generation));
            var next = await RaceAnswer.RefreshAsync(host, 0, here.RefreshToken!);
            Assert.Equal((first.Grant, 2), (next.Grant, next.Generation));
        }
        await Invariants.HoldAsync(host);
    }

    /// <summary>The client hangs up: before the node read the request, amid it, or after its commit.</summary>
    [Fact]
    [Case("R4")]
    public async Task Client_that_hung_up_gets_the_one_successor_when_it_comes_back()
    {
        var (username, _) = await host.Client.RegisterAsync();
        var rotated = 0;
        for (var round = 0; round < Rounds * 2; round++)
        {
            var first = await RaceAnswer.SignInAsync(host, username);
            await SendAndHangUpAsync(host.Nodes[round % 2], first.RefreshToken!, TimeSpan.FromMilliseconds(round % 10));
            rotated += await host.ScalarAsync<int>("SELECT generation FROM grants WHERE id = $1", first.Grant);

            var answers = await Task.WhenAll(Enumerable.Range(0, 2).Select(node => RaceAnswer.RefreshAsync(host, node, first.RefreshToken!)));
            Assert.All(answers, a => Assert.True(a.Granted, a.Body.ToJsonString()));
            Assert.Single(answers.Select(a => a.RefreshToken).Distinct(StringComparer.Ordinal));
            Assert.Equal((first.Grant, 1), (answers[0].Grant, answers[0].Generation));
            Assert.Equal(1, await host.ScalarAsync<int>("SELECT generation FROM grants WHERE id = $1 AND ended_at IS NULL", first.Grant));
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"{rotated} of {Rounds * 2} had rotated when the client came back");
        Assert.InRange(rotated, 1, Rounds * 2);
        await Invariants.HoldAsync(host);
    }

    /// <summary>Connections are terminated at random while clients refresh and try again where they got no token: none loses its session.</summary>
    [Fact]
    [Case("R4")]
    public async Task Sessions_outlive_connections_that_are_terminated_at_random()
    {
        const int Clients = 8;
        var (username, id) = await host.Client.RegisterAsync();
        var tokens = await Task.WhenAll(Enumerable.Range(0, Clients).Select(async _ => (await RaceAnswer.SignInAsync(host, username)).RefreshToken!));
        using var end = new CancellationTokenSource(TimeSpan.FromSeconds(RaceHost.Full ? 60 : 4));
        var (granted, away) = (0, 0);
        var clients = tokens.Select((token, i) => Task.Run(async () =>
        {
            for (var turn = i; !end.IsCancellationRequested; turn++)
            {
                using var response = await RefreshAsync(host.Nodes[turn % 2].Client, token);
                var body = await response.JsonAsync();
                if (response.StatusCode == HttpStatusCode.ServiceUnavailable)
                {
                    Interlocked.Increment(ref away);
                    continue;
                }
                Assert.True(response.StatusCode == HttpStatusCode.OK, $"{(int)response.StatusCode} {body.ToJsonString()}");
                Interlocked.Increment(ref granted);
                token = body["refresh_token"]!.GetValue<string>();
            }
            return token;
        })).ToList();
        while (!end.IsCancellationRequested)
        {
            await host.ExecuteAsync(
                """
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'identityhost' ORDER BY random() LIMIT 2
                """);
            await Task.Delay(10);
        }
        var last = await Task.WhenAll(clients);

        TestContext.Current.TestOutputHelper?.WriteLine($"{granted} granted, {away} told to come back");
        Assert.True(granted > Clients && away > 0, $"{granted} granted, {away} told to come back: nothing was tried.");
        Assert.Equal(Clients, await host.LiveGrantsAsync(id));
        for (var i = 0; i < Clients; i++)
            Assert.True((await LastAsync(last[i])).Granted);
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE kind = 'refresh_replayed' AND subject_id = $1", id));
        await Invariants.HoldAsync(host);

        // The pool may still hold connections that were terminated.
        async Task<RaceAnswer> LastAsync(string token)
        {
            host.FlushStatistics();
            return await RaceAnswer.RefreshAsync(host, 0, token);
        }
    }

    static Task<HttpResponseMessage> RefreshAsync(HttpClient node, string token) =>
        node.TokenAsync(("grant_type", "refresh_token"), ("client_id", "demo"), ("refresh_token", token));

    static async Task SendAndHangUpAsync(HostNode node, string token, TimeSpan after)
    {
        var body = $"grant_type=refresh_token&client_id=demo&refresh_token={token}";
        var request = $"POST /connect/token HTTP/1.1\r\nHost: {node.Address.Authority}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {body.Length}\r\n\r\n{body}";
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(node.Address.Host, node.Address.Port);
        await socket.SendAsync(Encoding.ASCII.GetBytes(request));
        await Task.Delay(after);
        // A reset, as of a client that died: nothing of the answer is taken any more.
        socket.LingerState = new LingerOption(enable: true, seconds: 0);
    }
}
