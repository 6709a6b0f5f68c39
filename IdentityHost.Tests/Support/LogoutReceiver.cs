using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using IdentityHost.Tests.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace IdentityHost.Tests.Support;

/// <summary>A logout token as it arrived.</summary>
/// <param name="Application">The receiver it was posted to, by the last segment of the path.</param>
/// <param name="Token">The token.</param>
/// <param name="At">When (<see cref="Stopwatch.GetTimestamp"/>).</param>
public sealed record ReceivedLogout(string Application, string Token, long At)
{
    public JsonObject Claims => Answers.ClaimsOf(Token);

    public string Session => Claims["sid"]!.GetValue<string>();

    public string TokenId => Claims["jti"]!.GetValue<string>();
}

/// <summary>The applications' side of the back channel (OpenID Connect Back-Channel Logout §2.5), one server for all of them: <c>/{application}</c>.</summary>
public sealed class LogoutReceiver : IAsyncDisposable
{
    readonly WebApplication _app;

    public LogoutReceiver()
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.MapPost("/{application}", ReceiveAsync);
    }

    /// <summary>What each application answers; 200 where it is not said. Zero is no answer while the caller waits.</summary>
    public ConcurrentDictionary<string, int> Answer { get; } = new();

    /// <summary>Everything that came, refused ones too.</summary>
    public ConcurrentQueue<ReceivedLogout> Received { get; } = new();

    /// <summary>Requests that were anything else than a form with a logout token.</summary>
    public ConcurrentQueue<string> Strange { get; } = new();

    public Task StartAsync() => _app.StartAsync();

    public string AddressOf(string application) => $"{_app.Urls.First()}/{application}";

    /// <summary>What an application got about one session.</summary>
    public IReadOnlyList<ReceivedLogout> Of(string application, string session) => [.. Received.Where(r => r.Application == application && r.Session == session)];

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    async Task ReceiveAsync(HttpContext context, string application)
    {
        if (!context.Request.HasFormContentType || (await context.Request.ReadFormAsync()) is not { Count: 1 } form || form["logout_token"] is not [{ } token])
        {
            Strange.Enqueue($"{application}: {context.Request.ContentType}");
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }
        Received.Enqueue(new ReceivedLogout(application, token, Stopwatch.GetTimestamp()));
        var status = Answer.GetValueOrDefault(application, (int)HttpStatusCode.OK);
        if (status == 0)
        {
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return;
        }
        if (status is >= 300 and < 400)
            context.Response.Headers.Location = AddressOf("elsewhere");
        context.Response.StatusCode = status;
        if (status >= 400)
            await context.Response.WriteAsJsonAsync(new { error = "invalid_request", error_description = "no such session\r\nhere" });
    }
}
