using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.WebUtilities;

namespace FakeGoogle;

/// <summary>
/// What of Google a sign-in meets: the page to choose an account on, the token, userinfo and key endpoints, and a picture. As strict as Google with
/// what a client sends; with its answers it does what a <see cref="Person"/> tells it to. Signs nobody in anywhere but here.
/// </summary>
public sealed class GoogleServer : IAsyncDisposable
{
    public const string ClientId = "fake-client.apps.googleusercontent.com";
    public const string ClientSecret = "fake-client-secret";

    /// <summary>How long <see cref="Fault.Slow"/> takes.</summary>
    static readonly TimeSpan Slowness = TimeSpan.FromSeconds(30);

    static readonly byte[] Png = Convert.FromBase64String(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==");

    readonly ConcurrentDictionary<string, Person> _people = new(StringComparer.Ordinal);
    readonly ConcurrentDictionary<string, Sealed> _codes = new(StringComparer.Ordinal);
    readonly ConcurrentDictionary<string, Person> _accessTokens = new(StringComparer.Ordinal);
    readonly ConcurrentDictionary<string, int> _requests = new(StringComparer.Ordinal);
    readonly IdTokenWriter _idTokens = new();
    readonly WebApplication _app;

    GoogleServer(WebApplication app) => _app = app;

    /// <summary>Without a slash at the end.</summary>
    public string Address { get; private set; } = "";

    public string Issuer => Address;

    /// <summary>Until Ctrl+C.</summary>
    public Task Stopped => _app.WaitForShutdownAsync();

    /// <summary>The settings of a host that is to take this for Google.</summary>
    public IReadOnlyDictionary<string, string> Settings => new Dictionary<string, string>
    {
        ["Google:ClientId"] = ClientId,
        ["Google:ClientSecret"] = ClientSecret,
        ["Google:AuthorizationEndpoint"] = $"{Address}/o/oauth2/v2/auth",
        ["Google:TokenEndpoint"] = $"{Address}/token",
        ["Google:UserInfoEndpoint"] = $"{Address}/v1/userinfo",
        ["Google:JwksUri"] = $"{Address}/oauth2/v3/certs",
        ["Google:Issuer"] = Issuer,
    };

    /// <param name="address">Where to listen; port 0 for any.</param>
    public static async Task<GoogleServer> StartAsync(string address)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(address);
        var app = builder.Build();
        var google = new GoogleServer(app);
        app.Use((context, next) =>
        {
            google._requests.AddOrUpdate(context.Request.Path, 1, (_, count) => count + 1);
            return next(context);
        });
        app.MapGet("/o/oauth2/v2/auth", google.Authorize);
        app.MapGet("/choose", google.Chosen);
        app.MapPost("/token", google.TokenAsync);
        app.MapGet("/v1/userinfo", google.UserInfo);
        app.MapGet("/oauth2/v3/certs", google.Keys);
        app.MapGet("/picture.png", () => Results.Bytes(Png, "image/png"));
        app.MapGet("/picture.html", () => Results.Content("<script>alert(1)</script>", "image/png"));
        app.MapGet("/picture.huge", () => Results.Bytes([.. Png, .. new byte[3 * 1024 * 1024]], "image/png"));
        app.MapGet("/picture.moved", () => Results.Redirect("/picture.png"));
        await app.StartAsync();
        google.Address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return google;
    }

    /// <summary>Somebody signs up at Google, or changes there.</summary>
    public Person Add(Person person) => _people[person.Subject] = person;

    /// <summary>How often a path was asked for.</summary>
    public int Requests(string path) => _requests.GetValueOrDefault(path);

    /// <inheritdoc cref="IdTokenWriter.Rotate"/>
    public void RotateKey() => _idTokens.Rotate();

    /// <summary>The callback that a browser is sent to when this person is chosen.</summary>
    public Uri Choose(Uri authorize, string subject) => Callback(QueryHelpers.ParseQuery(authorize.Query).ToDictionary(p => p.Key, p => p.Value.ToString()), subject);

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        _idTokens.Dispose();
    }

    IResult Authorize(HttpRequest request)
    {
        var query = Query(request);
        if (Fault(query) is { } fault)
            return Results.Text($"Error 400: {fault}", statusCode: StatusCodes.Status400BadRequest);
        var page = new StringBuilder("<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><title>Choose an account</title><h1>Choose an account</h1><p>This is FakeGoogle.</p><ul>");
        foreach (var person in _people.Values.OrderBy(p => p.Subject, StringComparer.Ordinal))
        {
            var link = QueryHelpers.AddQueryString("/choose" + request.QueryString, "person", person.Subject);
            page.Append("<li><a href=\"").Append(WebUtility.HtmlEncode(link)).Append("\">").Append(WebUtility.HtmlEncode(person.Label)).Append("</a>");
        }
        page.Append("</ul><p><a href=\"").Append(WebUtility.HtmlEncode("/choose" + request.QueryString)).Append("\">Cancel</a>");
        return Results.Content(page.ToString(), "text/html; charset=utf-8");
    }

    IResult Chosen(HttpRequest request) => Results.Redirect(Callback(Query(request), request.Query["person"]).AbsoluteUri);

    /// <summary>Without somebody who was chosen: consent was cancelled.</summary>
    Uri Callback(Dictionary<string, string> query, string? subject)
    {
        if (Fault(query) is { } fault)
            throw new InvalidOperationException(fault);
        var state = query["state"];
        if (subject is null || !_people.TryGetValue(subject, out var person))
            return new Uri(QueryHelpers.AddQueryString(query["redirect_uri"], new Dictionary<string, string?> { ["error"] = "access_denied", ["state"] = state }));
        var code = "4/" + Random();
        _codes[code] = new Sealed(person, query["redirect_uri"], query["code_challenge"], query["nonce"]);
        return new Uri(QueryHelpers.AddQueryString(query["redirect_uri"], new Dictionary<string, string?>
        {
            ["state"] = state,
            ["code"] = code,
            ["scope"] = query["scope"],
            ["authuser"] = "0",
            ["prompt"] = "none",
        }));
    }

    async Task TokenAsync(HttpContext context)
    {
        var form = await context.Request.ReadFormAsync();
        var response = context.Response;
        if (form["client_id"] != ClientId || form["client_secret"] != ClientSecret || form["grant_type"] != "authorization_code"
            || !_codes.TryRemove(form["code"].ToString(), out var code) || form["redirect_uri"] != code.RedirectUri
            || Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(form["code_verifier"].ToString()))) != code.Challenge)
        {
            response.StatusCode = StatusCodes.Status400BadRequest;
            await response.WriteAsJsonAsync(new JsonObject { ["error"] = "invalid_grant", ["error_description"] = "Malformed auth code." });
            return;
        }
        switch (code.Person.Fault)
        {
            case FakeGoogle.Fault.Slow:
                await Task.Delay(Slowness, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                return;
            case FakeGoogle.Fault.ServerError:
                response.StatusCode = StatusCodes.Status500InternalServerError;
                await response.WriteAsync("<html>Error 500 (Server Error)");
                return;
            case FakeGoogle.Fault.RefusesCode:
                response.StatusCode = StatusCodes.Status400BadRequest;
                await response.WriteAsJsonAsync(new JsonObject { ["error"] = "invalid_grant" });
                return;
            case FakeGoogle.Fault.BadJson:
                response.ContentType = "application/json";
                await response.WriteAsync("{\"access_token\": [");
                return;
            case FakeGoogle.Fault.Huge:
                await WriteHugeAsync(context);
                return;
            case FakeGoogle.Fault.Redirects:
                response.StatusCode = StatusCodes.Status307TemporaryRedirect;
                response.Headers.Location = "/elsewhere";
                return;
        }
        var accessToken = "ya29." + Random();
        _accessTokens[accessToken] = code.Person;
        var answer = new JsonObject { ["access_token"] = accessToken, ["expires_in"] = 3599, ["scope"] = "openid email profile", ["token_type"] = "Bearer" };
        if (code.Person.Fault != FakeGoogle.Fault.NoIdToken)
            answer["id_token"] = _idTokens.Write(Issuer, ClientId, code.Nonce, code.Person);
        await response.WriteAsJsonAsync(answer);
    }

    IResult UserInfo(HttpRequest request) =>
        _accessTokens.TryGetValue(request.Headers.Authorization.ToString().Replace("Bearer ", "", StringComparison.Ordinal), out var person)
            ? Results.Json(new JsonObject
            {
                ["sub"] = person.Subject,
                ["name"] = person.Name,
                ["picture"] = person.Picture,
                // Whoever believes this in place of the ID token is wrong.
                ["email"] = "admin@example.com",
                ["email_verified"] = true,
            })
            : Results.Unauthorized();

    IResult Keys(HttpResponse response)
    {
        response.Headers.CacheControl = "public, max-age=22000";
        return Results.Json(_idTokens.Jwks());
    }

    static string? Fault(Dictionary<string, string> query) =>
        query.GetValueOrDefault("client_id") != ClientId ? "invalid_client"
        : query.GetValueOrDefault("response_type") != "code" ? "unsupported_response_type"
        : query.GetValueOrDefault("redirect_uri") is not { } uri || !uri.EndsWith("/users/auth/google/callback", StringComparison.Ordinal) ? "redirect_uri_mismatch"
        : query.GetValueOrDefault("scope")?.Split(' ').Contains("openid") != true ? "invalid_scope"
        : query.GetValueOrDefault("code_challenge_method") != "S256" || query.GetValueOrDefault("code_challenge")?.Length != 43 ? "PKCE S256 is missing"
        : query.GetValueOrDefault("nonce") is not { Length: >= 22 } || query.GetValueOrDefault("state") is not { Length: > 0 } ? "state or nonce is missing"
        : null;

    static async Task WriteHugeAsync(HttpContext context)
    {
        var chunk = new byte[64 * 1024];
        chunk.AsSpan().Fill((byte)' ');
        for (var written = 0; written < 100 * 1024 * 1024 && !context.RequestAborted.IsCancellationRequested; written += chunk.Length)
            await context.Response.Body.WriteAsync(chunk, context.RequestAborted);
    }

    static Dictionary<string, string> Query(HttpRequest request) => request.Query.ToDictionary(p => p.Key, p => p.Value.ToString());

    static string Random() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(24));

    sealed record Sealed(Person Person, string RedirectUri, string Challenge, string Nonce);
}
