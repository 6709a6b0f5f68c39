namespace IdentityHost.ResourceServer;

/// <summary>
/// What an API does with a good signature while neither its copy of the revocations is fresh nor the issuer answers: a choice between
/// refusing people who did nothing wrong and serving some who have logged out.
/// </summary>
public sealed record IssuerUnreachable
{
    /// <summary>The longest that revocations may be ignored: as long as the longest access token lives.</summary>
    public static readonly TimeSpan LongestAcceptance = TimeSpan.FromHours(1);

    IssuerUnreachable(TimeSpan acceptance) => Acceptance = acceptance;

    /// <summary>503 for every request until the issuer answers again. The default.</summary>
    public static IssuerUnreachable Refuse { get; } = new(TimeSpan.Zero);

    /// <summary>How long after the copy was last complete it is relied on.</summary>
    internal TimeSpan Acceptance { get; }

    /// <summary>Goes by the last complete copy for this long, then refuses. Who logs out meanwhile is not noticed until the issuer is back.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not more than zero, or above <see cref="LongestAcceptance"/>.</exception>
    public static IssuerUnreachable AcceptFor(TimeSpan time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(time, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(time, LongestAcceptance);
        return new IssuerUnreachable(time);
    }
}
