using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace IdentityHost.Users.Api;

/// <summary>
/// The one writer of the envelope: <c>status</c>, <c>message</c>, <c>data</c>; for errors <c>code</c>, <c>errors</c> and <c>fields</c>, or
/// RFC 9457 when the client asks for <c>application/problem+json</c>.
/// </summary>
internal static class ApiResult
{
    /// <summary>200 (or another success) with data.</summary>
    /// <param name="message">A key of <see cref="Messages"/>.</param>
    /// <param name="data">What stands under <c>data</c>.</param>
    /// <param name="type">How to write it: a source-generated contract.</param>
    /// <param name="status">The HTTP status.</param>
    /// <param name="more">Writes further members of the envelope beside <c>data</c>.</param>
    public static IResult Success<T>(string message, T data, JsonTypeInfo<T> type, int status = StatusCodes.Status200OK, Action<Utf8JsonWriter>? more = null) =>
        new SuccessResult(message, writer => JsonSerializer.Serialize(writer, data, type), status, more);

    /// <summary>200 with data that is written by hand, <paramref name="data"/> writing one JSON value.</summary>
    public static IResult Success(string message, Action<Utf8JsonWriter> data, int status = StatusCodes.Status200OK, Action<Utf8JsonWriter>? more = null) =>
        new SuccessResult(message, data, status, more);

    /// <summary>200 with <c>data: null</c>.</summary>
    public static IResult Success(string message) => new SuccessResult(message, writer => writer.WriteNullValue(), StatusCodes.Status200OK, null);

    public static IResult Error(ApiError error) => new ErrorResult(error);

    /// <summary>For middleware and handlers that have no endpoint to answer from.</summary>
    public static Task WriteAsync(HttpContext context, ApiError error) => ApiWriter.ErrorAsync(context, error, null);

    sealed class SuccessResult(string message, Action<Utf8JsonWriter> data, int status, Action<Utf8JsonWriter>? more) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext) => ApiWriter.SuccessAsync(httpContext, message, data, status, more);
    }

    sealed class ErrorResult(ApiError error) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext) => ApiWriter.ErrorAsync(httpContext, error, null);
    }
}
