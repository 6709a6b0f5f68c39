using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Options;

namespace IdentityHost.ResourceServer.Remote;

/// <summary>Where the issuer is asked: the endpoints of its discovery document (OpenID Connect Discovery §4), and who asks.</summary>
sealed class IssuerConnection : IDisposable
{
    /// <summary>For any answer but the stream's. A caller waits for it.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>The largest document read, in bytes.</summary>
    const int LargestDocument = 256 * 1024;

    readonly HttpClient _client;
    readonly IdentityHostBearerOptions _options;
    readonly AuthenticationHeaderValue _credentials;
    volatile IssuerEndpoints? _endpoints;

    public IssuerConnection(IOptionsMonitor<IdentityHostBearerOptions> options)
    {
        _options = options.Get(IdentityHostBearerDefaults.AuthenticationScheme);
        var own = _options.Backchannel is null;
        // A secret goes along with each request: never to where a redirect points. Connections end now and then, so that names are looked up again.
        _client = new HttpClient(
            _options.Backchannel ?? new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                UseCookies = false,
                ConnectTimeout = Patience,
                PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            },
            disposeHandler: own)
        {
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = LargestDocument,
        };
        // RFC 6749 §2.3.1: both parts are form-encoded first.
        var pair = $"{Uri.EscapeDataString(_options.ClientId)}:{Uri.EscapeDataString(_options.ClientSecret)}";
        _credentials = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.ASCII.GetBytes(pair)));
    }

    public IssuerUnreachable WhenUnreachable => _options.WhenUnreachable;

    /// <summary>The endpoints; asked for once.</summary>
    /// <exception cref="IssuerException">The issuer does not answer, or is another one.</exception>
    public async Task<IssuerEndpoints> EndpointsAsync(CancellationToken cancellationToken)
    {
        if (_endpoints is { } known)
        {
            return known;
        }
        using var request = new HttpRequestMessage(HttpMethod.Get, _options.Authority + "/.well-known/openid-configuration");
        using var response = await SendAsync(request, cancellationToken);
        using var document = await ReadAsync(response, cancellationToken);
        return _endpoints = IssuerEndpoints.Read(document.RootElement, _options.Authority);
    }

    /// <summary>Sends with the credentials of this API, and reads the whole answer.</summary>
    /// <exception cref="IssuerException">It did not come in time, or the connection broke.</exception>
    public Task<HttpResponseMessage> SendWithSecretAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        request.Headers.Authorization = _credentials;
        return SendAsync(request, cancellationToken);
    }

    /// <inheritdoc cref="SendWithSecretAsync"/>
    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            return await _client.SendAsync(request, patience.Token);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new IssuerException($"no answer within {Patience.TotalSeconds:0} s", e);
        }
        catch (HttpRequestException e)
        {
            throw new IssuerException(e.Message, e);
        }
    }

    /// <summary>Opens the stream; the caller reads it.</summary>
    /// <exception cref="HttpRequestException">The connection broke.</exception>
    public Task<HttpResponseMessage> OpenAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        request.Headers.Authorization = _credentials;
        return _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
    }

    /// <summary>The answer's JSON object.</summary>
    /// <exception cref="IssuerException">It is no success, or no such object.</exception>
    public static async Task<JsonDocument> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (!response.IsSuccessStatusCode)
        {
            throw new IssuerException($"{response.RequestMessage?.RequestUri?.AbsolutePath} answered {(int)response.StatusCode}") { Status = (int)response.StatusCode };
        }
        try
        {
            var document = await JsonDocument.ParseAsync(await response.Content.ReadAsStreamAsync(cancellationToken), default, cancellationToken);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                return document;
            }
            document.Dispose();
        }
        catch (JsonException)
        {
            // Said below.
        }
        throw new IssuerException($"{response.RequestMessage?.RequestUri?.AbsolutePath} is no JSON object");
    }

    public void Dispose() => _client.Dispose();
}

/// <summary>What the discovery document names.</summary>
/// <param name="Keys"><c>jwks_uri</c>.</param>
/// <param name="Introspection"><c>introspection_endpoint</c>.</param>
/// <param name="Feed"><c>revocation_feed_endpoint</c>.</param>
sealed record IssuerEndpoints(Uri Keys, Uri Introspection, Uri Feed)
{
    public static IssuerEndpoints Read(JsonElement document, string authority)
    {
        // OpenID Connect Discovery §4.3: a document that names another issuer is somebody else's.
        if (Text("issuer") is var issuer && issuer != authority)
        {
            throw new IssuerException($"Authority is {authority}, but the document there is of {issuer}");
        }
        return new IssuerEndpoints(Endpoint("jwks_uri"), Endpoint("introspection_endpoint"), Endpoint("revocation_feed_endpoint"));

        string? Text(string name) => document.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

        // No way from https back to http.
        Uri Endpoint(string name) => Uri.TryCreate(Text(name), UriKind.Absolute, out var uri) && uri.Scheme == new Uri(authority).Scheme
            ? uri
            : throw new IssuerException($"the discovery document names no usable {name}");
    }
}

/// <summary>The issuer cannot be reached, or does not answer as it should.</summary>
sealed class IssuerException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The HTTP status; 0 where there was no answer.</summary>
    public int Status { get; init; }
}
