using System.Diagnostics;
using System.Net;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.ResourceServer.Remote;

/// <summary>Somebody signs in, every API lets them in, they log out, and every API is asked again and again.</summary>
static class PromiseTrial
{
    /// <summary>Never later than this.</summary>
    public static readonly TimeSpan Latest = TimeSpan.FromSeconds(2);

    /// <summary>As a rule by then; at the promised size always.</summary>
    public static readonly TimeSpan Usual = TimeSpan.FromMilliseconds(100);

    /// <summary>Signs somebody in whom every API lets in.</summary>
    /// <exception cref="HttpRequestException">The node has gone.</exception>
    public static async Task<SignedIn> SignInAsync(HttpClient node, IReadOnlyList<Sample> apis)
    {
        var person = await SignedIn.NewAsync(node);
        // An API that has just lost its node may be unable to tell for a moment.
        await Task.WhenAll(apis.Select(api => Eventually.TrueAsync(async () => await api.StatusAsync(person.AccessToken) == HttpStatusCode.OK, TimeSpan.FromSeconds(20))));
        return person;
    }

    /// <summary>
    /// Logs somebody out at the node. Returns for each API when the last request began that was still let in, counted from the answer (0: none was). A request
    /// that begins 100 ms after the answer, or later, must be refused as well.
    /// </summary>
    /// <exception cref="HttpRequestException">The node has gone.</exception>
    public static async Task<TimeSpan[]> LogOutAsync(SignedIn person, HttpClient node, IReadOnlyList<Sample> apis)
    {
        await person.EndAsync(RevokingAct.Logout, node, "");
        var answered = Stopwatch.GetTimestamp();
        return await Task.WhenAll(apis.Select(api => RefusedAsync(api, person.AccessToken, answered)));
    }

    static async Task<TimeSpan> RefusedAsync(Sample api, string token, long answered)
    {
        var (accepted, began) = (TimeSpan.Zero, TimeSpan.Zero);
        for (var refused = false; !refused || began < Usual;)
        {
            began = Stopwatch.GetElapsedTime(answered);
            var status = await api.StatusAsync(token);
            if (status == HttpStatusCode.OK)
            {
                Assert.False(refused, $"{api.Name} let the token in {began} after the logout, and had refused it before.");
                Assert.True(began < Latest, $"{api.Name} let the token in {began} after the logout.");
                accepted = began;
                continue;
            }
            Assert.True(status is HttpStatusCode.Unauthorized or HttpStatusCode.ServiceUnavailable, $"{api.Name}: {status}");
            if (refused)
                break;
            refused = true;
            if (Usual - Stopwatch.GetElapsedTime(answered) is var rest && rest > TimeSpan.Zero)
                await Task.Delay(rest);
        }
        return accepted;
    }

    /// <summary>The distribution, drawn.</summary>
    public static string Report(string what, List<TimeSpan> delays)
    {
        delays.Sort();
        double[] edges = [0.5, 1, 2, 5, 10, 20, 50, 100, 2000];
        var lines = edges.Select((edge, i) =>
        {
            var count = delays.Count(d => d.TotalMilliseconds <= edge && (i == 0 || d.TotalMilliseconds > edges[i - 1]));
            return $"{edge,6} ms | {new string('#', (int)Math.Ceiling(60.0 * count / delays.Count))} {count}";
        });
        return $"{what}: p50 {At(0.5):0.0} ms, p99 {At(0.99):0.0} ms, max {delays[^1].TotalMilliseconds:0.0} ms\n{string.Join('\n', lines)}";

        double At(double share) => delays[(int)Math.Ceiling(delays.Count * share) - 1].TotalMilliseconds;
    }
}
