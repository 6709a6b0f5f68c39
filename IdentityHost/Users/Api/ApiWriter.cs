using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Headers;
using Microsoft.AspNetCore.WebUtilities;

namespace IdentityHost.Users.Api;

/// <summary>The bytes behind <see cref="ApiResult"/>.</summary>
internal static class ApiWriter
{
    const string Problem = "application/problem+json";

    public static Task SuccessAsync(HttpContext context, string message, Action<Utf8JsonWriter> data, int status, Action<Utf8JsonWriter>? more)
    {
        var language = Messages.Language(context);
        return SendAsync(context, status, language, "application/json; charset=utf-8", writer =>
        {
            writer.WriteString("status", "success");
            writer.WriteString("message", Messages.Get(message, language, []));
            more?.Invoke(writer);
            writer.WritePropertyName("data");
            data(writer);
        });
    }

    public static Task ErrorAsync(HttpContext context, ApiError error, Action<Utf8JsonWriter>? more)
    {
        var language = Messages.Language(context);
        var message = Messages.Get(error.Message, language, error.Arguments);
        var fields = error.Fields.Select(f => (f.Field, Message: Messages.Get(f.Message, language, f.Arguments))).ToList();
        if (error.RetryAfter is { } wait)
            context.Response.Headers.RetryAfter = ((long)Math.Max(1, Math.Ceiling(wait.TotalSeconds))).ToString(CultureInfo.InvariantCulture);

        return WantsProblem(context)
            ? SendAsync(context, error.Status, language, Problem, writer =>
            {
                // RFC 9457 §4.2.1: "about:blank" has the title of the status.
                writer.WriteString("type", "about:blank");
                writer.WriteString("title", ReasonPhrases.GetReasonPhrase(error.Status));
                writer.WriteNumber("status", error.Status);
                writer.WriteString("detail", message);
                Rest(writer);
            })
            : SendAsync(context, error.Status, language, "application/json; charset=utf-8", writer =>
            {
                writer.WriteString("status", "error");
                writer.WriteString("message", message);
                Rest(writer);
            });

        void Rest(Utf8JsonWriter writer)
        {
            writer.WriteString("code", error.Code);
            more?.Invoke(writer);
            writer.WriteStartArray("errors");
            foreach (var line in fields.Count == 0 ? [message] : fields.Select(f => f.Message))
                writer.WriteStringValue(line);
            writer.WriteEndArray();
            if (fields.Count == 0)
                return;
            writer.WriteStartObject("fields");
            foreach (var field in fields.GroupBy(f => f.Field, StringComparer.Ordinal))
            {
                writer.WriteStartArray(field.Key);
                foreach (var (_, text) in field)
                    writer.WriteStringValue(text);
                writer.WriteEndArray();
            }
            writer.WriteEndObject();
        }
    }

    static bool WantsProblem(HttpContext context) => context.Request.Headers.Accept.Count > 0
        && new RequestHeaders(context.Request.Headers).Accept.Any(a => a.Quality != 0 && a.MediaType.Equals(Problem, StringComparison.OrdinalIgnoreCase));

    static async Task SendAsync(HttpContext context, int status, CultureInfo language, string contentType, Action<Utf8JsonWriter> members)
    {
        var body = new ArrayBufferWriter<byte>(512);
        await using (var writer = new Utf8JsonWriter(body))
        {
            writer.WriteStartObject();
            members(writer);
            writer.WriteEndObject();
        }
        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = contentType;
        response.ContentLength = body.WrittenCount;
        response.Headers.ContentLanguage = language.Name;
        response.Headers.Append("Vary", "Accept, Accept-Language");
        // Personal data, and tokens at the login: nothing in between keeps a copy.
        response.Headers.CacheControl = "no-store";
        if (!HttpMethods.IsHead(context.Request.Method))
            await response.BodyWriter.WriteAsync(body.WrittenMemory, context.RequestAborted);
    }
}
