namespace IdentityHost.ResourceServer;

/// <summary>What an access token must say to be accepted here. Constants of the deployment, never of the request.</summary>
public sealed record AccessTokenRules
{
    /// <summary>The most that two honest clocks may differ.</summary>
    public static readonly TimeSpan LargestClockSkew = TimeSpan.FromSeconds(5);

    /// <summary>The exact <c>iss</c>, compared ordinally.</summary>
    public required string Issuer { get; init; }

    /// <summary>The <c>aud</c> that names this API, compared ordinally.</summary>
    public required string Audience { get; init; }

    /// <summary>Whether a token for any API is taken. For the issuer alone, which is asked about tokens of every API; each API takes its own only.</summary>
    internal bool AnyAudience { get; init; }

    /// <summary>The longest <c>exp - iat</c>. Revocations are remembered only as long as the longest token lives, hence a longer one is refused.</summary>
    public TimeSpan MaximumLifetime { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How much later than <c>exp</c> and earlier than <c>nbf</c> a token is still taken: 0 to 5 s. The issuer itself needs none.</summary>
    public TimeSpan ClockSkew { get; init; }

    /// <summary>Fails at start instead of accepting too much later.</summary>
    /// <exception cref="ArgumentException">A rule is empty or out of its range.</exception>
    internal void Validate()
    {
        ArgumentException.ThrowIfNullOrEmpty(Issuer);
        ArgumentException.ThrowIfNullOrEmpty(Audience);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaximumLifetime, TimeSpan.FromSeconds(1));
        ArgumentOutOfRangeException.ThrowIfLessThan(ClockSkew, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(ClockSkew, LargestClockSkew);
    }
}
