using System.Buffers;
using IdentityHost.Users.Pictures;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace IdentityHost.Users.Api.Bodies;

/// <summary>
/// Reads a body into <see cref="Members"/>: JSON, <c>application/x-www-form-urlencoded</c> or <c>multipart/form-data</c>, all as strict as one
/// another, and none above <see cref="Limit"/>, but for an operation that takes a picture with its multipart form.
/// </summary>
internal static class BodyReader
{
    /// <summary>In bytes: the longest legal registration fits many times.</summary>
    public const int Limit = 64 * 1024;

    /// <summary>In bytes, with a picture.</summary>
    const int LimitWithPicture = Limit + PictureLimits.MostBytes;

    /// <summary>Reads the whole body; what is wrong with it is in the error.</summary>
    /// <param name="context">The request.</param>
    /// <param name="allowed">The members the operation takes; any other is refused, by name. <c>nama</c> stands for <c>name</c>.</param>
    /// <param name="picture">The member that may be a file; null for none.</param>
    public static async Task<(Members? Members, ApiError? Error)> ReadAsync(HttpContext context, IReadOnlySet<string> allowed, string? picture = null)
    {
        var limit = picture is not null && IsMultipart(context.Request.ContentType) ? LimitWithPicture : Limit;
        var (content, refusal) = await BytesAsync(context, limit);
        if (refusal is not null)
            return (null, refusal);
        var collector = new MemberCollector(allowed);
        try
        {
            var type = MediaTypeHeaderValue.Parse(context.Request.ContentType);
            if (type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase))
                JsonBody.Read(content.Span, collector);
            else if (type.MediaType.Equals("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase))
                FormBody.Read(content.Span, collector);
            else
                await MultipartBody.ReadAsync(content, HeaderUtilities.RemoveQuotes(type.Boundary).Value, collector, picture, context.RequestAborted);
        }
        catch (MalformedBodyException e)
        {
            return (null, ApiErrors.InvalidRequest with { Message = "body_malformed", Arguments = [e.Message] });
        }
        return collector.Result();
    }

    static async Task<(ReadOnlyMemory<byte> Content, ApiError? Error)> BytesAsync(HttpContext context, int limit)
    {
        var request = context.Request;
        if (request.ContentLength > limit)
            return (default, ApiErrors.TooLarge);
        // A small gzip body can hold gigabytes; nothing here needs one.
        if (request.Headers.ContentEncoding.Count > 0 && !request.Headers.ContentEncoding.ToString().Equals("identity", StringComparison.OrdinalIgnoreCase))
            return (default, ApiErrors.UnsupportedMediaType);
        if (request.ContentType is null)
            return (default, request.ContentLength is null or 0 ? Missing : ApiErrors.UnsupportedMediaType);
        if (!IsSupported(request.ContentType))
            return (default, ApiErrors.UnsupportedMediaType);

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = limit;
        // Chunked bodies announce no length: one byte above the limit is enough to know.
        var buffer = new byte[(int)(request.ContentLength ?? limit) + 1];
        var read = await request.Body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, context.RequestAborted);
        if (read > limit)
            return (default, ApiErrors.TooLarge);
        return read == 0 ? (default, Missing) : (buffer.AsMemory(0, read), null);
    }

    static ApiError Missing => ApiErrors.InvalidRequest with { Message = "body_missing" };

    static bool IsMultipart(string? contentType) => contentType?.StartsWith("multipart/form-data", StringComparison.OrdinalIgnoreCase) == true;

    static bool IsSupported(string contentType) =>
        MediaTypeHeaderValue.TryParse(contentType, out var type)
        && (type.Charset.Length == 0 || HeaderUtilities.RemoveQuotes(type.Charset).Equals("utf-8", StringComparison.OrdinalIgnoreCase))
        && (type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)
            || type.MediaType.Equals("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase)
            || type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase) && type.Boundary.Length > 0);
}

/// <summary>The body is not what its content type says. The message goes to the client: what is wrong, never a value.</summary>
internal sealed class MalformedBodyException(string message) : Exception(message);
