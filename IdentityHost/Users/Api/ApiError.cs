namespace IdentityHost.Users.Api;

/// <summary>What is wrong with one member of the input.</summary>
/// <param name="Field">The member, as the API spells it.</param>
/// <param name="Message">A key of <see cref="Messages"/>.</param>
/// <param name="Arguments">What the message's placeholders stand for.</param>
internal sealed record FieldError(string Field, string Message, params object[] Arguments);

/// <summary>An error as a value: made where the reason is known, written by <see cref="ApiResult"/> alone.</summary>
/// <param name="Code">Stable and documented; the same in every language. Also the key of the message unless <paramref name="Message"/> names another.</param>
/// <param name="Status">The HTTP status.</param>
internal sealed record ApiError(string Code, int Status)
{
    /// <summary>A key of <see cref="Messages"/>.</summary>
    public string Message { get; init; } = Code;

    public IReadOnlyList<object> Arguments { get; init; } = [];

    /// <summary>Validation only: every member that was refused.</summary>
    public IReadOnlyList<FieldError> Fields { get; init; } = [];

    /// <summary>When trying again may help.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The same error with one member named.</summary>
    public ApiError For(string field, string message, params object[] arguments) => this with { Fields = [new FieldError(field, message, arguments)] };
}
