using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol.Registration;

/// <summary>A host where anybody may register, and who has an initial access token is trusted.</summary>
public sealed class RegistrationHost(TestPostgres postgres) : HostFixture(postgres)
{
    /// <summary>The collection of the classes that share one.</summary>
    public const string Name = "Registration host";

    public const string InitialToken = "initial-access-token-of-more-than-32-characters";

    /// <summary>The one that is being replaced.</summary>
    public const string OlderToken = "older-initial-access-token-of-more-than-32-characters";

    protected override IEnumerable<KeyValuePair<string, string?>> Settings =>
        [new("Registration:Open", "true"), new("Registration:InitialAccessToken", $"{InitialToken} {OlderToken}")];
}

[CollectionDefinition(RegistrationHost.Name)]
public sealed class SharedRegistrationHost : ICollectionFixture<RegistrationHost>;

/// <summary>An application that has registered, with what it was told.</summary>
public sealed record Registered(JsonObject Told)
{
    public string ClientId => Told["client_id"]!.GetValue<string>();

    public string Secret => Told["client_secret"]!.GetValue<string>();

    public string Token => Told["registration_access_token"]!.GetValue<string>();

    public string Path => new Uri(Told["registration_client_uri"]!.GetValue<string>()).AbsolutePath;

    /// <summary>What it registered as, to be changed and sent again.</summary>
    public JsonObject Metadata(params (string Name, JsonNode? Value)[] members) =>
        HostTokens.Set(Told.DeepClone().AsObject(), members);
}

/// <summary>RFC 7591 and 7592 as an application speaks them.</summary>
static class Registering
{
    public const string Path = "/connect/register";

    public const string Callback = "https://app.example.com/callback";

    /// <summary>Metadata that is right, with some members set.</summary>
    public static JsonObject Metadata(params (string Name, JsonNode? Value)[] members) =>
        HostTokens.Set(new JsonObject { ["redirect_uris"] = new JsonArray(Callback) }, members);

    public static Task<HttpResponseMessage> PostAsync(this HttpClient node, JsonNode metadata, string? token = null) =>
        node.SendAsync(HttpMethod.Post, Path, JsonContent.Create(metadata), token);

    /// <summary>Registers, or fails the test.</summary>
    public static async Task<Registered> RegisteredAsync(this HttpClient node, string? token = null, params (string Name, JsonNode? Value)[] members)
    {
        using var response = await node.PostAsync(Metadata(members), token);
        var body = await response.JsonAsync();
        Assert.True(response.StatusCode == HttpStatusCode.Created, $"{(int)response.StatusCode} {body.ToJsonString()}");
        Assert.Equal("no-store", response.Headers.CacheControl?.ToString());
        return new Registered(body);
    }

    public static Task<HttpResponseMessage> ManageAsync(this HttpClient node, HttpMethod method, Registered client, JsonNode? metadata = null, string? token = null) =>
        node.SendAsync(method, client.Path, metadata is null ? null : JsonContent.Create(metadata), token ?? client.Token);

    public static Task<HttpResponseMessage> SendAsync(this HttpClient node, HttpMethod method, string path, HttpContent? content, string? token)
    {
        var request = new HttpRequestMessage(method, path) { Content = content };
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return node.SendAsync(request);
    }

    /// <summary>401 with this <c>error</c> in the challenge; null for a challenge without one.</summary>
    public static async Task UnauthorizedAsync(this Task<HttpResponseMessage> request, string? error)
    {
        using var response = await request;
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        var challenge = response.Headers.WwwAuthenticate.ToString();
        Assert.StartsWith($"Bearer realm=\"{HostFixture.Issuer}\"", challenge, StringComparison.Ordinal);
        if (error is null)
            Assert.DoesNotContain("error", challenge, StringComparison.Ordinal);
        else
            Assert.Contains($"error=\"{error}\"", challenge, StringComparison.Ordinal);
    }

    /// <summary>Of an array of strings.</summary>
    public static IEnumerable<string> Texts(this JsonObject told, string name) => told[name]!.AsArray().Select(v => v!.GetValue<string>());
}
