namespace IdentityHost.Protocol.Tokens;

/// <summary>The <c>Tokens</c> section.</summary>
internal sealed class TokensOptions
{
    /// <summary>How long an access token is good, from its issue; at most an hour.</summary>
    public TimeSpan AccessTokenLifetime { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>A grant that is not refreshed for this long ends.</summary>
    public TimeSpan RefreshIdleLifetime { get; set; } = TimeSpan.FromDays(14);

    /// <summary>How long a refresh token still works after its successor was handed out and not yet used: a lost answer costs no session.</summary>
    public TimeSpan RefreshGrace { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long a grant may live, however often it is used.</summary>
    public TimeSpan RefreshAbsoluteLifetime { get; set; } = TimeSpan.FromDays(90);

    /// <summary>Whether the values can be used.</summary>
    public bool IsValid => AccessTokenLifetime >= TimeSpan.FromSeconds(10) && AccessTokenLifetime <= TimeSpan.FromHours(1)
        && RefreshAbsoluteLifetime >= AccessTokenLifetime && RefreshIdleLifetime >= AccessTokenLifetime
        && RefreshGrace >= TimeSpan.Zero && RefreshGrace <= TimeSpan.FromMinutes(10);
}
