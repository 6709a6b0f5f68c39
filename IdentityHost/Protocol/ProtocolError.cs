namespace IdentityHost.Protocol;

/// <summary>
/// A refusal of the engine, as a value. <paramref name="Description"/> goes to the client and is always one of our own constants
/// (RFC 6749 §5.2 allows %x20-21 / %x23-5B / %x5D-7E only, and input must not be echoed); <paramref name="Detail"/> goes to the log only.
/// </summary>
/// <param name="Code">The <c>error</c> of RFC 6749 §5.2 or its extension.</param>
/// <param name="Description">What is wrong and what would be right.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Detail">For the operator; never a token or a secret.</param>
internal sealed record ProtocolError(string Code, string Description, int Status = StatusCodes.Status400BadRequest, string? Detail = null)
{
    /// <summary>A finer code for people's clients (<c>error_code</c>), e.g. <c>password_change_required</c>.</summary>
    public string? ErrorCode { get; init; }

    /// <summary>When to try again.</summary>
    public TimeSpan? RetryAfter { get; init; }

    public static ProtocolError InvalidRequest(string description) => new("invalid_request", description);

    /// <summary>One answer for every failure of client authentication, so that a client's existence is not told.</summary>
    public static ProtocolError InvalidClient(string detail) => new(
        "invalid_client",
        "Client authentication failed: check client_id, client_secret or client_assertion (its aud is the issuer), and the way they are sent.",
        StatusCodes.Status401Unauthorized,
        detail);

    /// <summary>One answer for a wrong name, a wrong password and a person who has none.</summary>
    public static ProtocolError InvalidGrant(string description, string? detail = null, string? errorCode = null) =>
        new("invalid_grant", description, Detail: detail) { ErrorCode = errorCode };

    /// <summary>A token of another client: it is told so, and the token stays as it is (RFC 7009 §2.1).</summary>
    public static ProtocolError ForeignToken { get; } = new("unauthorized_client", "The token was issued to another client.");

    public static ProtocolError UnauthorizedClient(string description) => new("unauthorized_client", description);

    public static ProtocolError UnsupportedGrantType(string description) => new("unsupported_grant_type", description);

    public static ProtocolError InvalidScope(string description) => new("invalid_scope", description);

    /// <summary>RFC 8707 §2.</summary>
    public static ProtocolError InvalidTarget { get; } = new("invalid_target", "A resource was asked for that this server issues no tokens for.");

    /// <summary>The person said no (RFC 6749 §4.1.2.1).</summary>
    public static ProtocolError AccessDenied { get; } = new("access_denied", "The person refused.");

    /// <summary>OpenID Connect Core §3.1.2.6.</summary>
    public static ProtocolError LoginRequired { get; } = new("login_required", "Nobody is signed in who answers the request, and it forbids to ask.");

    /// <inheritdoc cref="LoginRequired"/>
    public static ProtocolError ConsentRequired { get; } = new("consent_required", "The person has not allowed this yet, and the request forbids to ask.");

    /// <summary>Too many attempts: RFC 6749 has no code of its own, the status and <c>Retry-After</c> tell it.</summary>
    public static ProtocolError TooManyRequests(TimeSpan retryAfter) => new(
        "invalid_grant", "Too many attempts. Wait as long as Retry-After says.", StatusCodes.Status429TooManyRequests)
    {
        ErrorCode = "too_many_requests",
        RetryAfter = retryAfter,
    };

    /// <summary>
    /// Too many wrong secrets: the code of the failure that led to it (RFC 6749 §5.2 has none of its own), the status and <c>Retry-After</c> tell the rest.
    /// The same for every client, whether it exists or not, and whatever its secret.
    /// </summary>
    public static ProtocolError TooManyClientFailures(TimeSpan retryAfter) => new(
        "invalid_client", "Too many wrong client secrets. Wait as long as Retry-After says.", StatusCodes.Status429TooManyRequests)
    {
        ErrorCode = "too_many_requests",
        RetryAfter = retryAfter,
    };

    /// <summary>The server cannot answer now; nothing was changed.</summary>
    public static ProtocolError TemporarilyUnavailable(TimeSpan retryAfter) => new(
        "temporarily_unavailable", "The server cannot answer now. Try again as Retry-After says.", StatusCodes.Status503ServiceUnavailable)
    {
        RetryAfter = retryAfter,
    };
}
