using IdentityHost.Benchmarks.Measuring;
using IdentityHost.Benchmarks.Validation;

namespace IdentityHost.Benchmarks;

/// <summary>
/// What the hot pieces cost, each beside the work that nobody can leave out: <c>dotnet run -c Release --project IdentityHost.Benchmarks</c>. With
/// <c>--short</c> it only shows that all of it still runs. Exit code 2: something costs more than is promised.
/// </summary>
static class Program
{
    const int TooDear = 2;

    static int Main(string[] args)
    {
        if (args is not ([] or ["--short"]))
        {
            Console.Error.WriteLine("Usage: dotnet run -c Release --project IdentityHost.Benchmarks [-- --short]");
            return 1;
        }
        var plan = args.Length == 0 ? PairedPlan.Full : PairedPlan.Short;
        Console.WriteLine(Setting.Describe(plan));
        Console.WriteLine();
        Console.WriteLine(PairedResult.Heading);
        var dear = 0;
        foreach (var result in TokenValidation.Run(plan))
        {
            Console.WriteLine(result);
            if (result.Ratio.Median > result.Promised)
            {
                dear++;
            }
        }
        // A short run proves nothing about costs, and neither does code that was not optimized.
        return dear > 0 && plan == PairedPlan.Full && Setting.IsOptimized ? TooDear : 0;
    }
}
