using Microsoft.Extensions.Options;

namespace IdentityHost.Protocol.Keys;

/// <summary>The <c>Keys</c> section: how signing keys follow one another.</summary>
internal sealed class KeysOptions
{
    static readonly TimeSpan LongestInterval = TimeSpan.FromMinutes(1);

    /// <summary>How long a key is published before it signs: whoever keeps the JWKS no longer than it may has fetched the key by then.</summary>
    public TimeSpan Announce { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>How long a key signs until its successor does.</summary>
    public TimeSpan Lifetime { get; set; } = TimeSpan.FromDays(90);

    /// <summary>How long others may keep the JWKS and the discovery documents (<c>max-age</c>, RFC 9111 §5.2.2.1), in whole seconds.</summary>
    public TimeSpan JwksCacheTime { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How often the job looks whether a successor is due: several times within <see cref="Announce"/>.</summary>
    public TimeSpan Interval => TimeSpan.FromSeconds(Math.Clamp(Announce.TotalSeconds / 4, 1, LongestInterval.TotalSeconds));

    /// <summary>The <c>Cache-Control</c> of what is published.</summary>
    public string CacheControl => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"public, max-age={(long)JwksCacheTime.TotalSeconds}");
}

/// <summary>Stops the start with the key, the value and the fix.</summary>
internal sealed class KeysOptionsCheck : IValidateOptions<KeysOptions>
{
    // A new key must be in every node's memory before it signs, and nodes learn of it within 2 s.
    static readonly TimeSpan ShortestCache = TimeSpan.FromSeconds(5);
    static readonly TimeSpan LongestCache = TimeSpan.FromDays(1);
    static readonly TimeSpan LongestLife = TimeSpan.FromDays(3650);

    public ValidateOptionsResult Validate(string? name, KeysOptions options)
    {
        List<string> problems = [];
        if (options.JwksCacheTime < ShortestCache || options.JwksCacheTime > LongestCache)
            problems.Add(
                $"Keys:JwksCacheTime is {options.JwksCacheTime}; it must be from {ShortestCache} to {LongestCache} (00:05:00 is the default; a bare number means days).");
        else if (options.Announce < 2 * options.JwksCacheTime)
            problems.Add(
                $"Keys:Announce is {options.Announce}; it must be at least {2 * options.JwksCacheTime}, twice Keys:JwksCacheTime, so that nobody meets a token whose key "
                + "they could not have fetched (00:30:00 is the default).");
        if (options.Lifetime < 2 * options.Announce || options.Lifetime > LongestLife)
            problems.Add(
                $"Keys:Lifetime is {options.Lifetime}; it must be from {2 * options.Announce}, twice Keys:Announce, to {LongestLife} (90.00:00:00 is the default; a bare number means days).");
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
