using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.ResourceServer.Remote;

/// <summary>Somebody who stays signed in, and sends requests to each API without end.</summary>
sealed class SteadyRequests : IAsyncDisposable
{
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>A token lives for ten minutes.</summary>
    static readonly TimeSpan RenewAfter = TimeSpan.FromMinutes(2);

    readonly ConcurrentDictionary<HttpStatusCode, int> _answers = [];
    readonly CancellationTokenSource _stop = new();
    readonly HttpClient _issuer;
    readonly string _username;
    readonly Task _running;
    volatile string _token;

    SteadyRequests(HttpClient issuer, IEnumerable<Sample> apis, SignedIn person)
    {
        (_issuer, _username, _token) = (issuer, person.Username, person.AccessToken);
        _running = Task.WhenAll([RenewAsync(), .. apis.Select(SendAsync)]);
    }

    public string Token => _token;

    public int Accepted => Count(HttpStatusCode.OK);

    /// <summary>Answers 503: nobody could tell at that moment.</summary>
    public int Unavailable => Count(HttpStatusCode.ServiceUnavailable);

    /// <summary>Every other answer: a good token was called bad.</summary>
    public int Refused => _answers.Values.Sum() - Accepted - Unavailable;

    /// <param name="issuer">Where the person signs in, by way of the balancer.</param>
    /// <param name="apis">Each is sent requests.</param>
    public static async Task<SteadyRequests> StartAsync(HttpClient issuer, IEnumerable<Sample> apis) => new(issuer, apis, await SignedIn.NewAsync(issuer));

    public override string ToString() => string.Join(", ", _answers.OrderBy(a => a.Key).Select(a => $"{a.Value} × {(int)a.Key}"));

    /// <summary>Ends them; fails where one ended by itself.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    int Count(HttpStatusCode status) => _answers.GetValueOrDefault(status);

    async Task SendAsync(Sample api)
    {
        while (!_stop.IsCancellationRequested)
        {
            var status = await api.StatusAsync(_token);
            _answers.AddOrUpdate(status, 1, (_, count) => count + 1);
            await Task.Delay(Pause, CancellationToken.None);
        }
    }

    async Task RenewAsync()
    {
        var renewed = Stopwatch.GetTimestamp();
        while (!_stop.IsCancellationRequested)
        {
            await Task.Delay(TimeSpan.FromSeconds(1), _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (Stopwatch.GetElapsedTime(renewed) < RenewAfter)
                continue;
            try
            {
                using var answer = await _issuer.PasswordGrantAsync(_username, BackChannel.Password);
                if (answer.IsSuccessStatusCode)
                    (_token, renewed) = ((await answer.JsonAsync())["access_token"]!.GetValue<string>(), Stopwatch.GetTimestamp());
            }
            catch (HttpRequestException)
            {
                // A node was killed meanwhile; the old token is good for eight more minutes.
            }
        }
    }
}
