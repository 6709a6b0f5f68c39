using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace IdentityHost.Tests.Support;

/// <summary>A site of somebody else on this machine, which Development allows: it serves one document whatever is asked, and counts who comes.</summary>
sealed class JsonSite : IAsyncDisposable
{
    readonly WebApplication _app;
    int _requests;

    JsonSite(WebApplication app, string document)
    {
        (_app, Document) = (app, document);
        Answer = context =>
        {
            context.Response.ContentType = "application/json";
            return context.Response.WriteAsync(Document);
        };
    }

    public string Address => _app.Urls.First();

    public int Requests => _requests;

    /// <summary>What is served from now on.</summary>
    public string Document { get; set; }

    /// <summary>How, for sites that misbehave.</summary>
    public RequestDelegate Answer { get; set; }

    public static async Task<JsonSite> StartAsync(string document = "")
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var site = new JsonSite(app, document);
        app.Run(context =>
        {
            Interlocked.Increment(ref site._requests);
            return site.Answer(context);
        });
        await app.StartAsync();
        return site;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
