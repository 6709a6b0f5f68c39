using System.Globalization;
using Microsoft.AspNetCore.Http.Headers;

namespace IdentityHost.Users;

/// <summary><c>If-Match</c> (RFC 9110 §13.1.1) over the version of a user, whose ETag is <c>"v3"</c>.</summary>
internal sealed class VersionCondition
{
    readonly IReadOnlyList<string>? _tags;

    VersionCondition(IReadOnlyList<string>? tags) => _tags = tags;

    /// <summary>No condition.</summary>
    public static VersionCondition None { get; } = new(null);

    public static string ETag(long version) => string.Create(CultureInfo.InvariantCulture, $"\"v{version}\"");

    /// <summary>The request's condition. A header that cannot be read matches nothing; a weak tag never matches.</summary>
    public static VersionCondition Of(HttpRequest request) =>
        request.Headers.IfMatch.Count == 0
            ? None
            : new VersionCondition([.. new RequestHeaders(request.Headers).IfMatch.Where(tag => !tag.IsWeak).Select(tag => tag.Tag.Value ?? "")]);

    public bool Holds(long version) => _tags is null || _tags.Contains("*") || _tags.Contains(ETag(version));
}
