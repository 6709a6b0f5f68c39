using System.Diagnostics;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;

namespace IdentityHost.Hosting;

/// <summary>
/// The last word on errors nobody answered: a page for people, <c>application/problem+json</c> (RFC 9457) for everything else. Never a stack, a type
/// name or SQL; those are in the log, under the trace id the answer carries.
/// </summary>
internal sealed class ErrorAnswers(RequestDelegate next)
{
    public const string PagePath = "/error";

    public async Task InvokeAsync(HttpContext context)
    {
        await next(context);
        if (!IsUnanswered(context.Response))
            return;
        if (WantsPage(context.Request))
            await RunPageAsync(context);
        // Where no page answered, or the page itself failed.
        if (IsUnanswered(context.Response))
            await WriteProblemAsync(context);
    }

    static bool IsUnanswered(HttpResponse response) =>
        response is { HasStarted: false, StatusCode: >= 400, ContentLength: null } && string.IsNullOrEmpty(response.ContentType);

    static bool WantsPage(HttpRequest request) =>
        request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase);

    /// <summary>Runs the rest of the pipeline once more as a GET of the error page, with the status as it is.</summary>
    async Task RunPageAsync(HttpContext context)
    {
        var request = context.Request;
        var (method, path, status) = (request.Method, request.Path, context.Response.StatusCode);
        request.Method = HttpMethods.Get;
        request.Path = PagePath;
        context.SetEndpoint(null);
        request.RouteValues.Clear();
        try
        {
            await next(context);
        }
        finally
        {
            (request.Method, request.Path) = (method, path);
            if (IsUnanswered(context.Response))
                context.Response.StatusCode = status;
        }
    }

    static Task WriteProblemAsync(HttpContext context)
    {
        var status = context.Response.StatusCode;
        context.Response.Headers.CacheControl = "no-store";
        var problem = new ProblemDetails
        {
            Type = "about:blank",
            Title = ReasonPhrases.GetReasonPhrase(status) is { Length: > 0 } phrase ? phrase : "Error",
            Status = status,
            Detail = status == StatusCodes.Status503ServiceUnavailable ? "The database cannot be reached at the moment. Try again shortly." : null,
            Extensions = { ["trace_id"] = TraceId(context) },
        };
        return context.Response.WriteAsJsonAsync(problem, options: null, contentType: "application/problem+json");
    }

    /// <summary>What finds this request in the log.</summary>
    public static string TraceId(HttpContext context) => Activity.Current?.TraceId.ToHexString() ?? context.TraceIdentifier;
}

internal static class ErrorAnswersSetup
{
    /// <summary>
    /// Exceptions. Handlers of features (IExceptionHandler) run first, in the order their features were added, and find the status already chosen;
    /// this general one is not among them but after them, so no order of registration can put it in front.
    /// </summary>
    public static void AddErrorAnswers(this WebApplicationBuilder builder) =>
        builder.Services.Configure<ExceptionHandlerOptions>(options =>
        {
            options.StatusCodeSelector = Status;
            options.ExceptionHandler = Prepare;
            options.AllowStatusCode404Response = true;
            // A bad request is the client's mistake; everything else is logged, whoever answers it.
            options.SuppressDiagnosticsCallback = handled => handled.Exception is BadHttpRequestException;
        });

    /// <summary>Statuses without a body outermost, so that it also sees what the exception handler left.</summary>
    public static void UseErrorAnswers(this WebApplication app)
    {
        app.UseMiddleware<ErrorAnswers>();
        app.UseExceptionHandler();
    }

    static int Status(Exception exception) => exception switch
    {
        BadHttpRequestException bad => bad.StatusCode,
        _ when DatabaseAway.Caused(exception) => StatusCodes.Status503ServiceUnavailable,
        _ => StatusCodes.Status500InternalServerError,
    };

    /// <summary>Leaves status and headers; <see cref="ErrorAnswers"/> writes the body.</summary>
    static Task Prepare(HttpContext context)
    {
        if (context.Response.StatusCode == StatusCodes.Status503ServiceUnavailable)
            context.Response.Headers.RetryAfter = "5";
        // Where in the body the next request would begin is no longer known.
        if (context.Features.Get<IExceptionHandlerFeature>()?.Error is BadHttpRequestException && HttpProtocol.IsHttp11(context.Request.Protocol))
            context.Response.Headers.Connection = "close";
        return Task.CompletedTask;
    }
}
