using IdentityHost.ResourceServer.Revocations;

namespace IdentityHost.ResourceServer.Remote;

/// <summary>
/// Whether a token was revoked: by the copy in memory while it is fresh, which costs no I/O; by asking the issuer while it is not; and where
/// that fails too, by what <see cref="IdentityHostBearerOptions.WhenUnreachable"/> says.
/// </summary>
sealed class RemoteRevocations(RevokedTokens copy, Introspection introspection, IssuerConnection issuer, ResourceServerMetrics metrics) : IAccessTokenRevocations
{
    /// <summary>For callers that have no text to ask about: the copy, or nothing.</summary>
    public ValueTask<bool> IsRevokedAsync(AccessToken token, CancellationToken cancellationToken) => copy.Judge(token) is { } revoked
        ? ValueTask.FromResult(revoked)
        : throw new IssuerException("the copy of revocations may be old");

    /// <param name="token">The token.</param>
    /// <param name="text">The header that it came in, and where in it: asking needs it.</param>
    /// <param name="cancellationToken">The caller has gone.</param>
    /// <exception cref="IssuerException">Nobody can tell.</exception>
    public ValueTask<bool> IsRevokedAsync(AccessToken token, ReadOnlyMemory<char> text, CancellationToken cancellationToken) => copy.Judge(token) is { } revoked
        ? ValueTask.FromResult(revoked)
        : new ValueTask<bool>(AskAsync(token, text, cancellationToken));

    async Task<bool> AskAsync(AccessToken token, ReadOnlyMemory<char> text, CancellationToken cancellationToken)
    {
        try
        {
            return !await introspection.IsActiveAsync(token.TokenId, text.ToString(), cancellationToken);
        }
        catch (IssuerException) when (issuer.WhenUnreachable.Acceptance is var acceptance && acceptance > TimeSpan.Zero && copy.WasComplete(acceptance))
        {
            metrics.AcceptedUnasked();
            return copy.IsRevoked(token);
        }
    }
}
