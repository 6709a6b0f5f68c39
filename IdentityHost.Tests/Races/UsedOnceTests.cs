using System.Diagnostics;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Races;

/// <summary>
/// Every <see cref="UsedOnceArtefact"/>: rounds in which fifty workers over two nodes present one at the same moment. 20 rounds; the promised
/// 1,000 with <c>IDENTITYHOST_FULL=true</c>; fewer where each needs many sign-ins (<see cref="UsedOnceArtefact.Weight"/>).
/// </summary>
[Collection(RacesAlone.Name)]
public sealed class UsedOnceTests(RaceHost host)
{
    const int Workers = 50;

    static int Rounds => RaceHost.Full ? 1000 : 20;

    public static TheoryData<string> Artefacts =>
        [.. typeof(UsedOnceArtefact).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(UsedOnceArtefact)) && !t.IsAbstract).Select(t => t.Name)];

    [Theory]
    [MemberData(nameof(Artefacts))]
    [Case(52)]
    [Case(64)]
    [Case(72)]
    [Case("R9")]
    public async Task Presented_by_fifty_at_once_it_counts_once(string artefact)
    {
        var kind = (UsedOnceArtefact)Activator.CreateInstance(typeof(UsedOnceArtefact).Assembly.GetType($"{typeof(UsedOnceArtefact).Namespace}.{artefact}", throwOnError: true)!)!;
        var watch = Stopwatch.StartNew();
        var granted = 0;
        var rounds = Rounds / kind.Weight;
        for (var round = 0; round < rounds; round++)
        {
            var one = await kind.CreateAsync(host);
            var start = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var workers = Enumerable.Range(0, Workers).Select(async worker =>
            {
                await start.Task;
                return await kind.UseAsync(host, worker % host.Nodes.Count, one);
            }).ToList();
            start.SetResult();
            var answers = await Task.WhenAll(workers);
            Assert.Contains(answers, a => a.Granted);
            await kind.CheckAsync(host, one, answers);
            granted += answers.Count(a => a.Granted);
        }
        await Invariants.HoldAsync(host);
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{artefact}: {rounds} rounds of {Workers} workers, {granted} granted, {watch.Elapsed.TotalSeconds:0.0} s, deadlocks {await host.DeadlocksAsync()}");
    }
}
