using Microsoft.Extensions.Options;

namespace IdentityHost.Limits;

/// <summary>The <c>RateLimits</c> section, but for <c>RateLimits:SignIn</c>, which belongs to SignIn.</summary>
internal sealed class RateLimits
{
    public const string Section = "RateLimits";

    /// <summary>False switches every limit off; for load tests only.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Wrong secrets for one <c>client_id</c> from one address. Secrets are too long to guess: the limit keeps guesses from costing anything.</summary>
    public FailureLimit Client { get; set; } = new()
    {
        Failures = 20,
        Window = TimeSpan.FromMinutes(5),
        Block = TimeSpan.FromSeconds(30),
        LongestBlock = TimeSpan.FromMinutes(15),
    };

    /// <summary>
    /// Wrong passwords for whatever names from one address and, counted apart, <c>client_id</c>s whose secret was wrong. High, since a whole office may
    /// share an address.
    /// </summary>
    public FailureLimit Address { get; set; } = new()
    {
        Failures = 100,
        Window = TimeSpan.FromMinutes(10),
        Block = TimeSpan.FromMinutes(1),
        LongestBlock = TimeSpan.FromMinutes(15),
    };

    /// <summary>Applications that strangers at one address register.</summary>
    public PermitLimit ClientRegistration { get; set; } = new() { Window = TimeSpan.FromHours(1) };

    /// <summary>The longest time after which a counter that saw no more failures decides nothing.</summary>
    public TimeSpan Forget => new[] { Client.Window, Address.Window, ClientRegistration.Window }.Max();
}

/// <summary>How often something may be done that needs no proof.</summary>
internal sealed class PermitLimit
{
    /// <summary>Within <see cref="Window"/>; at least 2.</summary>
    public int Permits { get; set; } = 20;

    /// <summary>Counted from the first one on; after the last of them there are none for as long.</summary>
    public TimeSpan Window { get; set; } = TimeSpan.FromMinutes(15);

    public FailureLimit AsFailures() => new() { Failures = Permits, Window = Window, Block = Window, LongestBlock = Window };
}

/// <summary>How many failures lead to a block, and how long it is.</summary>
internal sealed class FailureLimit
{
    /// <summary>Failures within <see cref="Window"/> that lead to a block; at least 2.</summary>
    public int Failures { get; set; }

    /// <summary>Failures are counted from the first one on for this long. A series of blocks is forgotten this long after the last one's end.</summary>
    public TimeSpan Window { get; set; }

    /// <summary>The first block; each further one in the series is twice as long.</summary>
    public TimeSpan Block { get; set; }

    public TimeSpan LongestBlock { get; set; }
}

/// <summary>Stops the start with the key, the value and the fix.</summary>
internal sealed class RateLimitsCheck : IValidateOptions<RateLimits>
{
    public ValidateOptionsResult Validate(string? name, RateLimits options)
    {
        List<string> problems = [];
        Check($"{RateLimits.Section}:{nameof(options.Client)}", options.Client, new RateLimits().Client);
        Check($"{RateLimits.Section}:{nameof(options.Address)}", options.Address, new RateLimits().Address);
        CheckPermits($"{RateLimits.Section}:{nameof(options.ClientRegistration)}", options.ClientRegistration);
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);

        void CheckPermits(string section, PermitLimit limit)
        {
            var usual = new PermitLimit();
            if (limit.Permits < 2)
                problems.Add($"{section}:{nameof(limit.Permits)} is {limit.Permits}; it must be at least 2 ({usual.Permits} is the default; RateLimits:Enabled=false switches limits off).");
            problems.AddRange(LimitRules.Length($"{section}:{nameof(limit.Window)}", limit.Window, LimitRules.Shortest, usual.Window));
        }

        void Check(string section, FailureLimit limit, FailureLimit usual)
        {
            problems.AddRange(LimitRules.Failures(section, limit.Failures, lowest: 2, usual.Failures));
            problems.AddRange(LimitRules.Length($"{section}:{nameof(limit.Window)}", limit.Window, LimitRules.Shortest, usual.Window));
            problems.AddRange(LimitRules.Length($"{section}:{nameof(limit.Block)}", limit.Block, LimitRules.Shortest, usual.Block));
            problems.AddRange(LimitRules.Length($"{section}:{nameof(limit.LongestBlock)}", limit.LongestBlock, limit.Block, usual.LongestBlock));
        }
    }
}

/// <summary>What the numbers of every limit must be. Each answers the problem, or nothing.</summary>
internal static class LimitRules
{
    public static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1);
    static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    public static IEnumerable<string> Failures(string section, int value, int lowest, int usual)
    {
        if (value < lowest)
            yield return $"{section}:Failures is {value}; it must be at least {lowest} ({usual} is the default; RateLimits:Enabled=false switches limits off).";
    }

    /// <summary>At most a day: a block must end while somebody waits for it.</summary>
    public static IEnumerable<string> Length(string key, TimeSpan value, TimeSpan lowest, TimeSpan usual)
    {
        if (value < lowest || value > Longest)
            yield return $"{key} is {value}; it must be from {lowest} to {Longest} ({usual} is the default; a bare number means days).";
    }
}
