using System.Diagnostics;
using System.Globalization;

namespace IdentityHost.Tests.SignIn;

/// <summary>Whether requests can be told apart by how long they take.</summary>
static class Timing
{
    const int Attempts = 3;

    /// <summary>
    /// What a busy build machine adds to a median. Work that is left out or done twice still shows; the promised bound is for the full run
    /// (<c>IDENTITYHOST_FULL=true</c>) on a machine that does nothing else.
    /// </summary>
    const double BusyMachine = 0.5;

    /// <summary>
    /// The medians of all kinds lie within <paramref name="promised"/> of one another (in the full run). Samples are taken in turn, each round beginning with
    /// another kind, so that what disturbs one disturbs all. Measured three times at most: another process can disturb one measurement, a
    /// difference in the work shows in each.
    /// </summary>
    public static async Task AssertSameAsync(IReadOnlyList<(string Name, Func<Task> Run)> kinds, int samples, double promised)
    {
        var tolerance = Environment.GetEnvironmentVariable("IDENTITYHOST_FULL") == "true" ? promised : BusyMachine;
        foreach (var kind in kinds)
            await kind.Run();
        var seen = new List<string>();
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var medians = await MeasureAsync(kinds, samples);
            var spread = (medians.Max() / medians.Min()) - 1;
            seen.Add(string.Join(", ", kinds.Zip(medians, (k, m) => string.Create(CultureInfo.InvariantCulture, $"{k.Name} {m:0.000} ms"))));
            TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{seen[^1]}: spread {spread:P2}"));
            if (spread <= tolerance)
                return;
        }
        Assert.Fail("Medians differ: " + string.Join("; ", seen));
    }

    static async Task<double[]> MeasureAsync(IReadOnlyList<(string Name, Func<Task> Run)> kinds, int samples)
    {
        var times = kinds.Select(_ => new List<double>(samples)).ToArray();
        for (var i = 0; i < samples; i++)
        {
            for (var j = 0; j < kinds.Count; j++)
            {
                var kind = (i + j) % kinds.Count;
                var started = Stopwatch.GetTimestamp();
                await kinds[kind].Run();
                times[kind].Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            }
        }
        return [.. times.Select(t => t.Order().ElementAt(t.Count / 2))];
    }
}
