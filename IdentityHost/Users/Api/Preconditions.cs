using Microsoft.Extensions.Options;

namespace IdentityHost.Users.Api;

/// <summary>What a write asks of the version it changes, and whether it must ask (<c>Users:RequireIfMatch</c>).</summary>
internal sealed class Preconditions(IOptions<UsersOptions> options)
{
    /// <summary>The request's condition, or <c>precondition_required</c> (RFC 6585 §3) where the operator wants one and there is none.</summary>
    public (VersionCondition Condition, ApiError? Error) Of(HttpRequest request) =>
        options.Value.RequireIfMatch && request.Headers.IfMatch.Count == 0
            ? (VersionCondition.None, ApiErrors.PreconditionRequired)
            : (VersionCondition.Of(request), null);
}
