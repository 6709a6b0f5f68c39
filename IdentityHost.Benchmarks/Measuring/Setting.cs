using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using IdentityHost.ResourceServer;

namespace IdentityHost.Benchmarks.Measuring;

/// <summary>Where and how was measured, without which no figure says anything.</summary>
static class Setting
{
    public static bool IsOptimized =>
        typeof(AccessTokenVerifier).Assembly.GetCustomAttribute<DebuggableAttribute>() is not { IsJITOptimizerDisabled: true };

    public static string Describe(PairedPlan plan) =>
        $"{RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}, {Environment.ProcessorCount} cores, "
        + $"{(IsOptimized ? "Release" : "Debug: the figures mean nothing")}\n"
        + $"CPU time of one call in microseconds: median of {plan.Rounds} rounds turn about (a tenth of the rounds lies below the range, a tenth above it)";
}
