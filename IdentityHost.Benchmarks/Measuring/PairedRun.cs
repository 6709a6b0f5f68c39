namespace IdentityHost.Benchmarks.Measuring;

/// <summary>
/// Measures two pieces of work in turn, round by round, and compares the two rounds of each pair: whatever the machine does to one (its clock, its
/// caches, its neighbours) it does to the other as well. CPU time, and not the time that passes: a process that had to wait for a core did no work.
/// </summary>
/// <param name="plan">How long.</param>
/// <param name="before">Done before each round, and not measured.</param>
sealed class PairedRun(PairedPlan plan, Action before)
{
    /// <param name="name">For the table.</param>
    /// <param name="promised">What <paramref name="whole"/> may cost at most, as a multiple of <paramref name="bare"/>.</param>
    /// <param name="bare">The work that nobody can leave out. Answers whether it went well.</param>
    /// <param name="whole">All of the work.</param>
    public PairedResult Measure(string name, double promised, Func<bool> bare, Func<bool> whole)
    {
        // Both by the same count, so that what a round costs beside its calls is the same for both.
        var count = Math.Max(1, (int)(plan.Round / Warm(bare)));
        Warm(whole);
        var (bares, wholes) = (new double[plan.Rounds], new double[plan.Rounds]);
        for (var round = 0; round < plan.Rounds; round++)
        {
            // Who goes first changes.
            if (round % 2 == 0)
            {
                bares[round] = Time(bare, count);
                wholes[round] = Time(whole, count);
            }
            else
            {
                wholes[round] = Time(whole, count);
                bares[round] = Time(bare, count);
            }
        }
        return new PairedResult(name, promised, Spread.Of(bares), Spread.Of(wholes), Spread.Of(wholes.Zip(bares, (w, b) => w / b)), Allocated(bare, count), Allocated(whole, count));
    }

    /// <summary>Returns what one call costs by then.</summary>
    TimeSpan Warm(Func<bool> work)
    {
        var (began, calls) = (Environment.CpuUsage.TotalTime, 0);
        TimeSpan spent;
        do
        {
            calls += 50;
            Time(work, 50);
            spent = Environment.CpuUsage.TotalTime - began;
        }
        while (spent < plan.Warmup);
        return spent / calls;
    }

    /// <summary>Microseconds of CPU for each call.</summary>
    double Time(Func<bool> work, int count)
    {
        before();
        var began = Environment.CpuUsage.TotalTime;
        for (var i = 0; i < count; i++)
        {
            if (!work())
            {
                throw new InvalidOperationException("What is measured did not do its work.");
            }
        }
        return (Environment.CpuUsage.TotalTime - began).TotalMicroseconds / count;
    }

    /// <summary>Bytes for each call.</summary>
    long Allocated(Func<bool> work, int count)
    {
        before();
        var began = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < count; i++)
        {
            work();
        }
        return (GC.GetAllocatedBytesForCurrentThread() - began) / count;
    }
}
