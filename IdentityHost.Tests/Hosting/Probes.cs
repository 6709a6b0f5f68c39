using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Npgsql;

namespace IdentityHost.Tests.Hosting;

/// <summary>Stand where the features' endpoints stand, and say what reaches them.</summary>
static class Probes
{
    public sealed record Body(string? Name, double Weight);

    public static void Map(WebApplication app)
    {
        app.Map("/users/probe", (HttpRequest request) => Results.Json(new
        {
            method = request.Method,
            url = $"{request.Scheme}://{request.Host}{request.PathBase}{request.Path}",
            header = request.Headers.Host.ToString(),
            path_base = request.PathBase.Value,
            peer = request.HttpContext.Connection.RemoteIpAddress?.ToString(),
        }));
        app.MapGet("/connect/probe", () => "connect");
        app.MapGet("/usersx", () => "another");
        app.MapPost("/users/read", async (HttpRequest request) => Results.Text((await new StreamReader(request.Body).ReadToEndAsync())));
        app.MapPost("/users/json", (Body body) => Results.Json(body));
        app.MapGet("/users/broken", string () => throw new InvalidOperationException("secret detail of SELECT password_hash"));
        app.MapGet("/users/away", async () =>
        {
            await using var source = NpgsqlDataSource.Create("Host=127.0.0.1;Port=1;Username=nobody;Timeout=1");
            await using var connection = await source.OpenConnectionAsync();
            return "connected";
        });
    }
}
