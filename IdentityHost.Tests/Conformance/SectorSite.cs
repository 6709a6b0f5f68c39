using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace IdentityHost.Tests.Conformance;

/// <summary>Where a sector's list of redirect URIs is (OpenID Connect Core §8.1), on this machine, which Development allows.</summary>
sealed class SectorSite(WebApplication app) : IAsyncDisposable
{
    public string Address => $"{app.Urls.First()}/redirect_uris.json";

    public static async Task<SectorSite> StartAsync(params string[] redirectUris)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(context =>
        {
            context.Response.ContentType = "application/json";
            return context.Response.WriteAsync(JsonSerializer.Serialize(redirectUris));
        });
        await app.StartAsync();
        return new SectorSite(app);
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();
}
