using IdentityHost.ResourceServer;

namespace IdentityHost.Revocation;

/// <summary>The check that every bearer request passes: by the copy in memory, or by the database while the copy cannot be proved young.</summary>
internal sealed class FeedRevocations(RevocationCopy copy, DatabaseRevocations database) : IAccessTokenRevocations
{
    public ValueTask<bool> IsRevokedAsync(AccessToken token, CancellationToken cancellationToken) =>
        copy.Judge(token) is { } revoked ? ValueTask.FromResult(revoked) : database.IsRevokedAsync(token, cancellationToken);
}
