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

    public bool IsValid => Failures >= 1 && Block > TimeSpan.Zero && LongestBlock >= Block && Forget > LongestBlock;
}
