using System.Globalization;
using IdentityHost.Protocol.Endpoints;

namespace IdentityHost.Protocol;

/// <summary>The one place where a <see cref="ProtocolError"/> becomes JSON (RFC 6749 §5.2).</summary>
internal static partial class ProtocolErrorWriter
{
    public static async Task WriteAsync(HttpContext context, ProtocolError error)
    {
        if (error.Detail is not null)
        {
            var logger = context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("IdentityHost.Protocol");
            Refused(logger, error.Code, error.Detail);
        }
        var response = context.Response;
        response.StatusCode = error.Status;
        if (error.Status == StatusCodes.Status401Unauthorized)
            response.Headers.WWWAuthenticate = "Basic realm=\"identityhost\", charset=\"UTF-8\"";
        if (error.RetryAfter is { } wait)
            response.Headers.RetryAfter = Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);

        await JsonAnswer.WriteAsync(response, json =>
        {
            json.WriteString("error"u8, error.Code);
            json.WriteString("error_description"u8, error.Description);
            if (error.ErrorCode is not null)
                json.WriteString("error_code"u8, error.ErrorCode);
        });
    }

    [LoggerMessage(2000, LogLevel.Information, "Refused with {Code}: {Detail}")]
    static partial void Refused(ILogger logger, string code, string detail);
}
