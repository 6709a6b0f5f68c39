using System.Net;
using System.Text;
using IdentityHost.ResourceServer;
using IdentityHost.Tests.Hosting;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace IdentityHost.Tests.ResourceServer;

/// <summary>Somebody's API on the library, on a real Kestrel: the routes name what they ask for.</summary>
sealed class BearerApi(WebApplication app, TokenWriter writer) : IAsyncDisposable
{
    public TokenWriter Writer => writer;

    int Port => new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;

    public static async Task<BearerApi> StartAsync(Action<IdentityHostBearerOptions>? configure = null)
    {
        var writer = new TokenWriter();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddSingleton<IAccessTokenKeys>(writer.Keys)
            .AddSingleton<IAccessTokenRevocations, RevokedByName>()
            .AddSingleton<TimeProvider>(new WriterTime())
            .AddAuthorization(authorization => authorization.AddPolicy("named", policy => policy.RequireScope("invoices")))
            .AddAuthentication().AddIdentityHostBearer(bearer =>
            {
                bearer.Authority = TokenWriter.Issuer;
                bearer.Audience = TokenWriter.Audience;
                configure?.Invoke(bearer);
            });
        var app = builder.Build();
        app.MapGet("/me", (HttpContext http) => http.Features.Get<IAccessTokenFeature>()!.Token.Subject).RequireAuthorization();
        app.MapGet("/name", (HttpContext http) => $"{http.User.Identity!.Name} {http.User.IsInRole("ADMIN")}").RequireAuthorization();
        app.MapGet("/orders", () => "orders").RequireScope("orders");
        app.MapGet("/invoices", () => "invoices").RequireScope("orders").RequireScope("invoices");
        app.MapGet("/named", () => "named").RequireAuthorization("named");
        app.MapGet("/clerks", () => "clerks").RequireAuthorization(policy => policy.RequireRole("CLERK"));
        app.MapGet("/asked", (HttpContext http) => http.ChallengeAsync(IdentityHostBearerDefaults.AuthenticationScheme)).AllowAnonymous();
        await app.StartAsync();
        return new BearerApi(app, writer);
    }

    /// <summary>Sends the header lines as they are. Returns the status, the challenge (null where there is none), and the body.</summary>
    public async Task<(int Status, string? Challenge, string Text)> GetAsync(string path, params string[] headers)
    {
        var request = new StringBuilder($"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
        foreach (var header in headers)
            request.Append(header).Append("\r\n");
        var answer = await new Wire(Port).SendAsync(request.Append("\r\n").ToString());
        var lines = answer.Text.Split("\r\n");
        var challenges = lines.Where(l => l.StartsWith("WWW-Authenticate: ", StringComparison.OrdinalIgnoreCase)).ToList();
        return (answer.Status, challenges.Count == 0 ? null : string.Join('\n', challenges)["WWW-Authenticate: ".Length..], answer.Text);
    }

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync();
        await app.DisposeAsync();
        writer.Dispose();
    }

    /// <summary>The tokens whose id is <c>revoked</c>; does not know about <c>unknown</c>.</summary>
    sealed class RevokedByName : IAccessTokenRevocations
    {
        public ValueTask<bool> IsRevokedAsync(AccessToken token, CancellationToken cancellationToken) => token.TokenId == "unknown"
            ? throw new InvalidOperationException("The copy is stale.")
            : ValueTask.FromResult(token.TokenId == "revoked");
    }

    sealed class WriterTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeSeconds(TokenWriter.Now);
    }
}
