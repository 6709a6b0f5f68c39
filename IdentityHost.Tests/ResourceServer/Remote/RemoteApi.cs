using System.Net;
using IdentityHost.ResourceServer;
using IdentityHost.ResourceServer.Revocations;
using IdentityHost.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace IdentityHost.Tests.ResourceServer.Remote;

/// <summary>An API somewhere else: it knows the issuer by its address, and has a client of its own there.</summary>
sealed class RemoteApi : IAsyncDisposable
{
    readonly WebApplication _app;

    RemoteApi(WebApplication app, IssuerLine line, LogRecorder log)
    {
        (_app, Line, Log) = (app, line, log);
        Client = new HttpClient { BaseAddress = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()) };
    }

    public HttpClient Client { get; }

    public IssuerLine Line { get; }

    public LogRecorder Log { get; }

    public RevokedTokens Copy => _app.Services.GetRequiredService<RevokedTokens>();

    public T Service<T>()
        where T : notnull => _app.Services.GetRequiredService<T>();

    public static Task<RemoteApi> StartAsync(HostFixture issuer, Action<IdentityHostBearerOptions>? configure = null) =>
        StartAsync(new IssuerLine(issuer.Nodes), configure);

    public static async Task<RemoteApi> StartAsync(IssuerLine line, Action<IdentityHostBearerOptions>? configure = null)
    {
        var log = new LogRecorder();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().AddProvider(log);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddAuthorization().AddAuthentication().AddIdentityHostBearer(bearer =>
        {
            bearer.Authority = HostFixture.Issuer;
            bearer.Audience = RemoteHost.Audience;
            bearer.ClientId = RemoteHost.ApiClient;
            bearer.ClientSecret = RemoteHost.ApiSecret;
            bearer.Backchannel = line;
            // One machine, and yet the issuer's clock is estimated.
            bearer.ClockSkew = TimeSpan.FromSeconds(1);
            configure?.Invoke(bearer);
        });
        var app = builder.Build();
        app.MapGet("/orders", (HttpContext http) => http.Features.Get<IAccessTokenFeature>()!.Token.Subject).RequireScope(RemoteHost.Scope);
        try
        {
            await app.StartAsync();
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
        return new RemoteApi(app, line, log);
    }

    /// <summary>Sends the token. Returns the status.</summary>
    public async Task<HttpStatusCode> GetAsync(string token)
    {
        using var response = await Client.GetAsync("/orders", token);
        return response.StatusCode;
    }

    /// <summary>Waits until the copy is relied on, or no longer is.</summary>
    public Task UntilFreshAsync(bool fresh = true) => Eventually.TrueAsync(() => Task.FromResult(Copy.IsFresh == fresh), TimeSpan.FromSeconds(20));

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        Line.Dispose();
    }
}
