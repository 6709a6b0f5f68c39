using System.Globalization;

namespace IdentityHost.Benchmarks.Measuring;

/// <summary>The middle of some measurements, and the range that leaves out a tenth of them at either end.</summary>
sealed record Spread(double Low, double Median, double High)
{
    /// <param name="values">At least one.</param>
    public static Spread Of(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return new Spread(At(0.1), At(0.5), At(0.9));

        double At(double share) => sorted[(int)Math.Round((sorted.Count - 1) * share)];
    }

    public string ToString(string format) => string.Create(
        CultureInfo.InvariantCulture, $"{Median.ToString(format, CultureInfo.InvariantCulture)} ({Low.ToString(format, CultureInfo.InvariantCulture)}-{High.ToString(format, CultureInfo.InvariantCulture)})");
}
