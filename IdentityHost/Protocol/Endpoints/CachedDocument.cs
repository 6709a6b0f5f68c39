using System.Buffers.Text;
using System.Security.Cryptography;
using Microsoft.Net.Http.Headers;

namespace IdentityHost.Protocol.Endpoints;

/// <summary>JSON that is the same for everybody for a while, under a strong validator (RFC 9110 §8.8.3): every node gives the same bytes the same tag.</summary>
internal sealed class CachedDocument(ReadOnlyMemory<byte> body)
{
    /// <summary>Bytes of the hash that make the tag.</summary>
    const int TagLength = 16;

    readonly EntityTagHeaderValue _tag = new($"\"{Base64Url.EncodeToString(SHA256.HashData(body.Span).AsSpan(0, TagLength))}\"");

    /// <param name="context">A GET or HEAD.</param>
    /// <param name="cacheControl">How long it may be kept.</param>
    public Task WriteAsync(HttpContext context, string cacheControl)
    {
        var (request, response) = (context.Request, context.Response);
        // RFC 9110 §15.4.5: what a 200 would have said about caching, the 304 says too.
        response.Headers.ETag = _tag.ToString();
        response.Headers.CacheControl = cacheControl;
        if (IsKnown(request))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }
        response.ContentType = "application/json";
        response.ContentLength = body.Length;
        return HttpMethods.IsHead(request.Method) ? Task.CompletedTask : response.Body.WriteAsync(body, context.RequestAborted).AsTask();
    }

    /// <summary>RFC 9110 §13.1.2: by weak comparison, since a proxy that compresses weakens the tag.</summary>
    bool IsKnown(HttpRequest request)
    {
        if (request.Headers.IfNoneMatch.Count == 0)
            return false;
        foreach (var tag in request.GetTypedHeaders().IfNoneMatch)
        {
            if (tag.Equals(EntityTagHeaderValue.Any) || tag.Compare(_tag, useStrongComparison: false))
                return true;
        }
        return false;
    }
}
