using IdentityHost.Limits;
using Microsoft.Extensions.Options;

namespace IdentityHost.SignIn;

/// <summary>The <c>RateLimits:SignIn</c> section: wrong passwords for one identifier from one address.</summary>
internal sealed class SignInLimits
{
    /// <summary>Wrong verdicts that lead to a block.</summary>
    public int Failures { get; set; } = 5;

    /// <summary>The first block; each further one in the series is twice as long. Short, so that nobody can be kept out by an attacker.</summary>
    public TimeSpan Block { get; set; } = TimeSpan.FromSeconds(30);

    public TimeSpan LongestBlock { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>A series is forgotten this long after its last attempt.</summary>
    public TimeSpan Forget { get; set; } = TimeSpan.FromHours(1);
}

/// <summary>Stops the start with the key, the value and the fix.</summary>
internal sealed class SignInLimitsCheck : IValidateOptions<SignInLimits>
{
    const string Section = RateLimits.Section + ":SignIn";

    public ValidateOptionsResult Validate(string? name, SignInLimits options)
    {
        var usual = new SignInLimits();
        List<string> problems =
        [
            .. LimitRules.Failures(Section, options.Failures, lowest: 1, usual.Failures),
            .. LimitRules.Length($"{Section}:{nameof(options.Block)}", options.Block, LimitRules.Shortest, usual.Block),
            .. LimitRules.Length($"{Section}:{nameof(options.LongestBlock)}", options.LongestBlock, options.Block, usual.LongestBlock),
            .. LimitRules.Length($"{Section}:{nameof(options.Forget)}", options.Forget, options.LongestBlock, usual.Forget),
        ];
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
