namespace IdentityHost.Users.Api;

/// <summary>Every code of the users API. Add a code here and its words to both message files.</summary>
internal static class ApiErrors
{
    public static ApiError InvalidRequest => new("invalid_request", 400);
    public static ApiError InvalidUsername => new("invalid_username", 400);
    public static ApiError InvalidEmail => new("invalid_email", 400);
    public static ApiError WeakPassword => new("weak_password", 400);
    public static ApiError InvalidName => new("invalid_name", 400);
    public static ApiError InvalidWeight => new("invalid_weight", 400);
    public static ApiError InvalidHeight => new("invalid_height", 400);
    public static ApiError UnknownField => new("unknown_field", 400);

    public static ApiError Unauthorized => new("unauthorized", 401);
    public static ApiError TokenRevoked => new("token_revoked", 401);
    public static ApiError InvalidCredentials => new("invalid_credentials", 401);

    public static ApiError Forbidden => new("forbidden", 403);
    public static ApiError AdminRequired => new("admin_required", 403);
    public static ApiError InsufficientScope => new("insufficient_scope", 403);
    public static ApiError AccountDisabled => new("account_disabled", 403);
    public static ApiError EmailNotConfirmed => new("email_not_confirmed", 403);
    public static ApiError PasswordChangeRequired => new("password_change_required", 403);

    /// <summary>The path is nobody's.</summary>
    public static ApiError NotFound => new("not_found", 404);

    /// <summary>For callers who may know who exists.</summary>
    public static ApiError UserNotFound => new("user_not_found", 404);
    public static ApiError MethodNotAllowed => new("method_not_allowed", 405);

    public static ApiError UsernameTaken => new ApiError("username_taken", 409).For("username", "username_taken");
    public static ApiError EmailTaken => new ApiError("email_taken", 409).For("email", "email_taken");
    public static ApiError LastAdmin => new("last_admin", 409);
    public static ApiError PreconditionFailed => new("precondition_failed", 412);
    public static ApiError PreconditionRequired => new("precondition_required", 428);
    public static ApiError TooLarge => new("too_large", 413);
    public static ApiError UnsupportedMediaType => new("unsupported_media_type", 415);

    public static ApiError InvalidImage => new("invalid_image", 422);
    public static ApiError IdempotencyKeyReused => new("idempotency_key_reused", 422);

    public static ApiError TooManyRequests(TimeSpan retryAfter) => new("too_many_requests", 429) { RetryAfter = retryAfter };

    /// <summary>The cause is in the log only.</summary>
    public static ApiError ServerError => new("server_error", 500);

    public static ApiError Unavailable(TimeSpan retryAfter) => new("unavailable", 503) { RetryAfter = retryAfter };

    /// <summary>The error of a status nobody gave a code.</summary>
    public static ApiError OfStatus(int status) => status switch
    {
        401 => Unauthorized,
        403 => Forbidden,
        404 => NotFound,
        405 => MethodNotAllowed,
        413 => TooLarge,
        415 => UnsupportedMediaType,
        >= 500 => ServerError with { Status = status },
        _ => InvalidRequest with { Status = status },
    };
}
