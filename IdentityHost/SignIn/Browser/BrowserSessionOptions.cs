namespace IdentityHost.SignIn.Browser;

/// <summary>The <c>Sessions</c> section: how long a browser stays signed in. Tokens have lifetimes of their own (<c>Tokens</c>).</summary>
internal sealed class BrowserSessionOptions
{
    static readonly TimeSpan Longest = TimeSpan.FromDays(365);

    /// <summary>A browser that does not come back for this long has to sign in again.</summary>
    public TimeSpan IdleLifetime { get; set; } = TimeSpan.FromDays(1);

    /// <summary>However often it comes back, after this long it has to sign in again.</summary>
    public TimeSpan AbsoluteLifetime { get; set; } = TimeSpan.FromDays(14);

    public bool IsValid => IdleLifetime >= TimeSpan.FromMinutes(1) && AbsoluteLifetime >= IdleLifetime && AbsoluteLifetime <= Longest;
}
