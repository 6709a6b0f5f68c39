using System.Collections.Immutable;
using IdentityHost.Protocol.Keys;
using IdentityHost.ResourceServer;
using Microsoft.Extensions.Options;

namespace IdentityHost.Protocol.Tokens;

/// <summary>The <c>Tokens</c> section.</summary>
internal sealed class TokensOptions
{
    /// <summary>How long an access token is good, from its issue; at most an hour.</summary>
    public TimeSpan AccessTokenLifetime { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>What access tokens are signed with: <c>ES256</c> or <c>RS256</c> (RFC 7518 §3.1).</summary>
    public string AccessTokenAlgorithm { get; set; } = AccessTokenKey.Es256;

    /// <summary>What applications may have their ID tokens signed with, space separated; the first is what they get unasked.</summary>
    public string IdTokenAlgorithms { get; set; } = $"{AccessTokenKey.Rs256} {AccessTokenKey.Es256}";

    /// <summary><see cref="IdTokenAlgorithms"/>, one by one.</summary>
    public ImmutableArray<string> IdTokenAlgorithmList => [.. IdTokenAlgorithms.Split(' ', StringSplitOptions.RemoveEmptyEntries)];

    /// <summary>How long an authorization code is good; 10 minutes at most (RFC 6749 §4.1.2).</summary>
    public TimeSpan CodeLifetime { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>A grant that is not refreshed for this long ends.</summary>
    public TimeSpan RefreshIdleLifetime { get; set; } = TimeSpan.FromDays(14);

    /// <summary>How long a refresh token still works after its successor was handed out and not yet used: a lost answer costs no session.</summary>
    public TimeSpan RefreshGrace { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long a grant may live, however often it is used.</summary>
    public TimeSpan RefreshAbsoluteLifetime { get; set; } = TimeSpan.FromDays(90);

    /// <summary>How many live grants one person may have with one application; a new one ends the oldest. From 1 to 10,000.</summary>
    public int MaximumGrants { get; set; } = 100;
}

/// <summary>Stops the start with the key, the value and the fix.</summary>
internal sealed class TokensOptionsCheck : IValidateOptions<TokensOptions>
{
    static readonly TimeSpan Shortest = TimeSpan.FromSeconds(10);
    /// <summary>No node issues a token that lives longer.</summary>
    public static readonly TimeSpan LongestAccessTokenLifetime = TimeSpan.FromHours(1);

    static readonly TimeSpan ShortestCode = TimeSpan.FromSeconds(5);
    static readonly TimeSpan LongestCode = TimeSpan.FromMinutes(10);
    static readonly TimeSpan LongestGrace = TimeSpan.FromMinutes(10);

    /// <summary>All of a person's grants with the application are read at each sign-in: it must stay a page or a few.</summary>
    const int MostGrants = 10_000;

    public ValidateOptionsResult Validate(string? name, TokensOptions options)
    {
        List<string> problems = [];
        Range(nameof(options.AccessTokenLifetime), options.AccessTokenLifetime, Shortest, LongestAccessTokenLifetime, "00:10:00");
        Range(nameof(options.RefreshGrace), options.RefreshGrace, TimeSpan.Zero, LongestGrace, "00:01:00");
        NotShorter(nameof(options.RefreshIdleLifetime), options.RefreshIdleLifetime, "14.00:00:00");
        NotShorter(nameof(options.RefreshAbsoluteLifetime), options.RefreshAbsoluteLifetime, "90.00:00:00");
        // Where refresh tokens stay, the idle time counts from a grace before the last use.
        if (options.RefreshGrace >= options.RefreshIdleLifetime)
            problems.Add($"Tokens:RefreshGrace is {options.RefreshGrace}; it must be shorter than Tokens:RefreshIdleLifetime, {options.RefreshIdleLifetime} (00:01:00 is the default).");
        if (options.MaximumGrants is < 1 or > MostGrants)
            problems.Add($"Tokens:MaximumGrants is {options.MaximumGrants}; it must be from 1 to {MostGrants} (100 is the default).");
        if (!AlgorithmsInUse.Known.Contains(options.AccessTokenAlgorithm))
            problems.Add($"Tokens:AccessTokenAlgorithm is '{options.AccessTokenAlgorithm}'; use {string.Join(" or ", AlgorithmsInUse.Known)} (ES256 is the default).");
        Range(nameof(options.CodeLifetime), options.CodeLifetime, ShortestCode, LongestCode, "00:01:00");
        if (options.IdTokenAlgorithmList is not { Length: > 0 } algorithms || !algorithms.All(a => AlgorithmsInUse.Known.Contains(a)))
            problems.Add($"Tokens:IdTokenAlgorithms is '{options.IdTokenAlgorithms}'; name one or more of {string.Join(", ", AlgorithmsInUse.Known)}, separated by spaces (RS256 ES256 is the default).");
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);

        void Range(string key, TimeSpan value, TimeSpan lowest, TimeSpan highest, string usual)
        {
            if (value < lowest || value > highest)
                problems.Add($"Tokens:{key} is {value}; it must be from {lowest} to {highest} ({usual} is the default; a bare number means days).");
        }

        void NotShorter(string key, TimeSpan value, string usual)
        {
            if (value < options.AccessTokenLifetime)
                problems.Add($"Tokens:{key} is {value}; it must not be shorter than Tokens:AccessTokenLifetime, {options.AccessTokenLifetime} ({usual} is the default).");
        }
    }
}
