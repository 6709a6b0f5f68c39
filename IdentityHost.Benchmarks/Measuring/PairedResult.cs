using System.Globalization;

namespace IdentityHost.Benchmarks.Measuring;

/// <summary>One line of the table.</summary>
/// <param name="Name">What was measured.</param>
/// <param name="Promised">The largest <paramref name="Ratio"/> that is promised; infinite where nothing is.</param>
/// <param name="Bare">Microseconds of CPU for the work that nobody can leave out.</param>
/// <param name="Whole">And for all of it.</param>
/// <param name="Ratio">Of the two rounds of each pair.</param>
/// <param name="BareBytes">Allocated by one call.</param>
/// <param name="WholeBytes">Allocated by one call.</param>
sealed record PairedResult(string Name, double Promised, Spread Bare, Spread Whole, Spread Ratio, long BareBytes, long WholeBytes)
{
    public static string Heading => Line("", "bare signature", "whole", "ratio", "promised", "bytes allocated");

    public override string ToString() => Line(
        Name,
        Bare.ToString("0.0"),
        Whole.ToString("0.0"),
        Ratio.ToString("0.00"),
        double.IsFinite(Promised) ? Promised.ToString("0.00", CultureInfo.InvariantCulture) : "-",
        string.Create(CultureInfo.InvariantCulture, $"{BareBytes} -> {WholeBytes}"));

    static string Line(string name, string bare, string whole, string ratio, string promised, string bytes) =>
        $"{name,-26} {bare,-18} {whole,-18} {ratio,-18} {promised,-9} {bytes}";
}
