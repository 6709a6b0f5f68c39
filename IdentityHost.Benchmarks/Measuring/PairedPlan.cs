namespace IdentityHost.Benchmarks.Measuring;

/// <summary>How long is measured.</summary>
/// <param name="Warmup">Until the runtime has compiled each side for good.</param>
/// <param name="Rounds">Of each side.</param>
/// <param name="Round">CPU time of one round, more or less.</param>
sealed record PairedPlan(TimeSpan Warmup, int Rounds, TimeSpan Round)
{
    public static PairedPlan Full { get; } = new(TimeSpan.FromSeconds(1), 60, TimeSpan.FromMilliseconds(40));

    /// <summary>To see that it runs.</summary>
    public static PairedPlan Short { get; } = new(TimeSpan.FromMilliseconds(50), 3, TimeSpan.FromMilliseconds(5));
}
