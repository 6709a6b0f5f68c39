namespace IdentityHost.ResourceServer;

/// <summary>Knows which tokens ended before their time. Asked once for each request, after the signature and the times were checked.</summary>
public interface IAccessTokenRevocations
{
    /// <summary>
    /// Whether the token, its grant, session, user, application or everything was revoked.
    /// An implementation that cannot know must throw: an unanswered question is never "no".
    /// </summary>
    ValueTask<bool> IsRevokedAsync(AccessToken token, CancellationToken cancellationToken);
}
