using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using IdentityHost.Users.Api.Bodies;
using Microsoft.Net.Http.Headers;

namespace IdentityHost.Users.Api;

/// <summary>
/// <c>Idempotency-Key</c> (draft-ietf-httpapi-idempotency-key-header) on what creates: a client that lost the answer asks again and gets the same one, and
/// no second account is made, whichever nodes are asked. What was not created is not kept: its sender mends it and tries again.
/// </summary>
internal sealed class IdempotencyFilter(IdempotencyKeys keys) : IEndpointFilter
{
    const string Header = "Idempotency-Key";
    const int LongestKey = 255;

    /// <summary>How long a request waits for another with its key, and how often it looks.</summary>
    static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);
    static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        // A bad token is refused as ever, and is nobody's whose keys could be told apart.
        if (http.Request.Headers[Header] is not { Count: > 0 } header || (http.Request.Headers.Authorization.Count > 0 && Caller.Of(http) is null))
            return await next(context);
        if (header is not [{ Length: > 0 and <= LongestKey } name])
            return ApiResult.Error(ApiErrors.InvalidRequest.For(Header, "value_invalid", Header, "1 - 255"));
        if (http.Request.ContentLength > BodyReader.Limit)
            return ApiResult.Error(ApiErrors.TooLarge);
        var body = new byte[BodyReader.Limit + 1];
        var length = await http.Request.Body.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false, http.RequestAborted);
        if (length > BodyReader.Limit)
            return ApiResult.Error(ApiErrors.TooLarge);
        http.Request.Body = new MemoryStream(body, 0, length);
        http.Request.ContentLength = length;

        var key = SHA256.HashData(Encoding.UTF8.GetBytes($"{CallerOf(http)}\n{http.Request.Path.Value?.ToLowerInvariant()}\n{name}"));
        var request = HashOf(http.Request, body.AsSpan(0, length));
        for (var waited = TimeSpan.Zero; waited < LongestWait; waited += Look)
        {
            var (state, answer) = await keys.TakeAsync(key, request);
            switch (state)
            {
                case KeyState.Taken:
                    return await CreateAsync(context, next, key);
                case KeyState.Answered:
                    return new Replay(answer!);
                case KeyState.Reused:
                    return ApiResult.Error(ApiErrors.IdempotencyKeyReused);
                default:
                    await Task.Delay(Look, http.RequestAborted);
                    break;
            }
        }
        return ApiResult.Error(ApiErrors.Unavailable(TimeSpan.FromSeconds(2)));
    }

    async Task<IResult> CreateAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next, byte[] key)
    {
        var http = context.HttpContext;
        // Begun is finished: else hanging up at the wrong moment would leave an account whose answer nobody can ask for again.
        http.RequestAborted = CancellationToken.None;
        var outside = http.Response.Body;
        using var answer = new MemoryStream();
        http.Response.Body = answer;
        try
        {
            await ((IResult)(await next(context))!).ExecuteAsync(http);
        }
        catch
        {
            await keys.GiveBackAsync(key);
            throw;
        }
        finally
        {
            http.Response.Body = outside;
        }
        if (http.Response.StatusCode == StatusCodes.Status201Created)
            await keys.KeepAsync(key, new KeptAnswer(http.Response.StatusCode, http.Response.Headers.ETag, Repeatable(answer.ToArray())));
        else
            await keys.GiveBackAsync(key);
        answer.Position = 0;
        await answer.CopyToAsync(outside);
        return Results.Empty;
    }

    /// <summary>A generated password is shown once; who lost that answer gives a new one.</summary>
    static string Repeatable(byte[] body)
    {
        var json = JsonNode.Parse(body)!.AsObject();
        if (json["data"] is JsonObject data && data.Remove("generated_password"))
            data["generated_password_shown"] = true;
        return json.ToJsonString();
    }

    /// <summary>The person or client with their application; who is not signed in, by their address.</summary>
    static string CallerOf(HttpContext context) => Caller.Of(context) is { } caller
        ? $"caller\n{caller.UserId}\n{caller.ClientId}"
        : $"address\n{context.Connection.RemoteIpAddress}";

    /// <summary>Of the type and the bytes; a client that sends a form again draws another boundary.</summary>
    static byte[] HashOf(HttpRequest request, ReadOnlySpan<byte> body)
    {
        var type = request.ContentType ?? "";
        var text = $"{type}\n{Encoding.Latin1.GetString(body)}";
        if (MediaTypeHeaderValue.TryParse(type, out var parsed) && parsed.Boundary is { Length: > 0 } boundary)
            text = text.Replace(HeaderUtilities.RemoveQuotes(boundary).Value!, "", StringComparison.Ordinal);
        return SHA256.HashData(Encoding.UTF8.GetBytes(text));
    }

    sealed class Replay(KeptAnswer answer) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            var response = httpContext.Response;
            response.StatusCode = answer.Status;
            response.ContentType = "application/json; charset=utf-8";
            response.Headers.CacheControl = "no-store";
            response.Headers["Idempotency-Replayed"] = "true";
            if (answer.ETag is not null)
                response.Headers.ETag = answer.ETag;
            await response.WriteAsync(answer.Body, httpContext.RequestAborted);
        }
    }
}
