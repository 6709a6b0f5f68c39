using System.Text.Json;
using IdentityHost;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Pages.Docs;

/// <summary><c>/openapi/v1.json</c>: the API's reference for programs. The page for people is <c>/docs</c>.</summary>
internal static class DocsSetup
{
    public const string Path = "/openapi/v1.json";

    public static WebApplication MapDocs(this WebApplication app)
    {
        // The same for everybody and as long as the host runs.
        var document = new Lazy<byte[]>(() => JsonSerializer.SerializeToUtf8Bytes(ApiDocument.Create(((IEndpointRouteBuilder)app).ServiceProvider.GetRequiredService<Issuer>().Value)));
        app.MapGet(Path, context =>
        {
            context.Response.ContentType = "application/json; charset=utf-8";
            context.Response.Headers.CacheControl = "public, max-age=300";
            return context.Response.Body.WriteAsync(document.Value, context.RequestAborted).AsTask();
        });
        return app;
    }
}
