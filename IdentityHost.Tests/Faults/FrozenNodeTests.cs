using System.Diagnostics;
using IdentityHost.Tests.Races;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Faults;

/// <summary>
/// A node is frozen (SIGSTOP) while the other one ends people's tokens, and woken. Requests that waited in its sockets are what it sees first:
/// it must not judge them by what it knew when it fell asleep. 5 trials of each; 100 with <c>IDENTITYHOST_FULL=true</c>.
/// </summary>
[Collection(FaultsAlone.Name)]
public sealed class FrozenNodeTests(FaultHost host) : IClassFixture<FaultHost>, IAsyncLifetime
{
    /// <summary>What DESIGN promises: nothing revoked is accepted anywhere later than this.</summary>
    static readonly TimeSpan Promise = TimeSpan.FromSeconds(2);

    NodeProcess[] _nodes = [];

    static int Trials => RaceHost.Full ? 100 : 5;

    /// <summary>Answers the acts.</summary>
    NodeProcess Acts => _nodes[0];

    /// <summary>Is frozen and woken.</summary>
    NodeProcess Sleeps => _nodes[1];

    public async ValueTask InitializeAsync()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows cannot freeze a process.");
        _nodes = await host.PairAsync();
    }

    [Fact]
    [Case("R13")]
    public async Task A_node_that_slept_longer_than_its_copy_may_be_old_refuses_from_the_first_answer_on()
    {
        var refusals = 0;
        for (var trial = 0; trial < Trials; trial++)
        {
            var people = await SignInAsync();
            Sleeps.Freeze();
            // Nothing is left in its processors that had begun before.
            await Task.Delay(20);
            var asleep = Stopwatch.StartNew();
            await EndAllAsync(people);
            var waiting = people.SelectMany(p => AskAll(p.Act, p.Person)).ToList();
            await Task.Delay(Max(TimeSpan.Zero, Promise + TimeSpan.FromMilliseconds(Random.Shared.Next(10, 300)) - asleep.Elapsed));
            waiting.AddRange(people.SelectMany(p => AskAll(p.Act, p.Person)));
            // Every other time the feed cannot be quicker than the requests.
            await SlowFeedAsync(trial % 2 == 0 ? 1 : 0);
            Sleeps.Wake();
            var answers = await Task.WhenAll(waiting);
            await SlowFeedAsync(0);
            Assert.All(answers, answer => Assert.False(answer.Accepted, answer.What));
            // And on, over the moment in which its copy becomes young again.
            for (var wake = Stopwatch.StartNew(); wake.ElapsedMilliseconds < 150;)
                Assert.All(await Task.WhenAll(people.SelectMany(p => AskAll(p.Act, p.Person))), answer => Assert.False(answer.Accepted, answer.What));
            refusals += waiting.Count;
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"{Trials} long sleeps, {refusals} requests that waited for the waking, all refused");
    }

    [Fact]
    public async Task A_node_that_slept_shortly_obeys_within_the_promise()
    {
        var (longest, afterWaking, acceptedOnWaking) = (TimeSpan.Zero, TimeSpan.Zero, 0);
        for (var trial = 0; trial < Trials; trial++)
        {
            var people = await SignInAsync();
            Sleeps.Freeze();
            await Task.Delay(20);
            var first = Stopwatch.GetTimestamp();
            await EndAllAsync(people);
            var waiting = people.SelectMany(p => AskAll(p.Act, p.Person)).ToList();
            await Task.Delay(Random.Shared.Next(50, 1900));
            Sleeps.Wake();
            var woken = Stopwatch.GetTimestamp();
            var answers = await Task.WhenAll(waiting);
            acceptedOnWaking += answers.Count(a => a.Accepted);
            // What waited was judged after the waking at the earliest.
            Assert.False(answers.Any(a => a.Accepted) && Stopwatch.GetElapsedTime(first, woken) > Promise);

            while (true)
            {
                var sent = Stopwatch.GetTimestamp();
                answers = await Task.WhenAll(people.SelectMany(p => AskAll(p.Act, p.Person)));
                if (!answers.Any(a => a.Accepted))
                    break;
                Assert.True(Stopwatch.GetElapsedTime(first, sent) < Promise, answers.First(a => a.Accepted).What);
            }
            longest = Max(longest, Stopwatch.GetElapsedTime(first));
            afterWaking = Max(afterWaking, Stopwatch.GetElapsedTime(woken));
        }
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{Trials} short sleeps: all refused at most {afterWaking.TotalMilliseconds:0} ms after waking and {longest.TotalMilliseconds:0} ms after the first act; "
            + $"{acceptedOnWaking} accepted on waking");
    }

    public ValueTask DisposeAsync()
    {
        // A test that failed may have left it frozen.
        if (_nodes.Length > 0)
            Sleeps.Wake();
        return ValueTask.CompletedTask;
    }

    /// <summary>One person for each act, whose tokens the node has accepted.</summary>
    async Task<List<(RevokingAct Act, SignedIn Person)>> SignInAsync()
    {
        List<(RevokingAct Act, SignedIn Person)> people = [];
        foreach (var act in Enum.GetValues<RevokingAct>())
        {
            var person = await SignedIn.NewAsync(people.Count % 2 == 0 ? Acts.Client : Sleeps.Client);
            await person.PrepareAsync(host, act);
            Assert.All(await Task.WhenAll(AskAll(act, person)), answer => Assert.True(answer.Accepted, answer.What));
            people.Add((act, person));
        }
        return people;
    }

    async Task EndAllAsync(List<(RevokingAct Act, SignedIn Person)> people)
    {
        var admin = await Acts.Client.AdminTokenAsync();
        foreach (var (act, person) in people)
            await person.EndAsync(act, Acts.Client, admin);
    }

    /// <summary>A read of the feed asks for the database's time, and the question whether one token is revoked does not: so only the former takes this long.</summary>
    Task<int> SlowFeedAsync(int seconds) => host.ExecuteAsync(
        $"CREATE OR REPLACE FUNCTION identity_now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT statement_timestamp(){(seconds > 0 ? $" FROM pg_sleep({seconds})" : "")}'");

    /// <summary>The node as a resource server, and as the one whom resource servers ask. Each tells whether it was accepted, and what it was.</summary>
    IEnumerable<Task<(bool Accepted, string What)>> AskAll(RevokingAct act, SignedIn person)
    {
        return [CallAsync(), CallAsync(), IntrospectAsync()];

        async Task<(bool, string)> CallAsync() => (await person.IsAcceptedAsync(Sleeps.Client), $"accepted after {act}");

        async Task<(bool, string)> IntrospectAsync() => (await person.IsActiveAsync(Sleeps.Client), $"active after {act}");
    }

    static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
