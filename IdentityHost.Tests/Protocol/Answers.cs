using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace IdentityHost.Tests.Protocol;

/// <summary>What every answer must keep to, whatever was asked (SECURITY.md §1, common oracle).</summary>
static class Answers
{
    static readonly string[] Internals = ["   at ", "Exception", "Npgsql", "Microsoft.", "System.", "SELECT ", "INSERT ", "UPDATE ", "sign_in_attempts"];

    /// <summary>A refusal of the token endpoint with this status and <c>error</c> (RFC 6749 §5.2). Returns the body.</summary>
    public static async Task<JsonObject> RefusedAsync(this Task<HttpResponseMessage> request, HttpStatusCode status, string error)
    {
        using var response = await request;
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == status, $"{(int)response.StatusCode} instead of {(int)status}: {text}");
        Assert.Equal("no-store", response.Headers.CacheControl?.ToString());
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        Clean(text);
        var body = JsonNode.Parse(text)!.AsObject();
        Assert.Equal(error, body["error"]!.GetValue<string>());
        Assert.False(body.ContainsKey("access_token"));
        Assert.All(body["error_description"]!.GetValue<string>(), c => Assert.True(c is ' ' or '!' or (>= '#' and <= '[') or (>= ']' and <= '~'), $"{(int)c} is not allowed (RFC 6749 §5.2)"));
        return body;
    }

    public static Task<JsonObject> RefusedAsync(this Task<HttpResponseMessage> request, string error) => request.RefusedAsync(HttpStatusCode.BadRequest, error);

    /// <summary>A token. Returns the body.</summary>
    public static async Task<JsonObject> GrantedAsync(this Task<HttpResponseMessage> request)
    {
        using var response = await request;
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.OK, $"{(int)response.StatusCode}: {text}");
        return JsonNode.Parse(text)!.AsObject();
    }

    /// <summary>Nothing of the inside is told.</summary>
    public static void Clean(string body) => Assert.All(Internals, word => Assert.DoesNotContain(word, body, StringComparison.Ordinal));

    /// <summary>Status, headers and body as one text, without what differs between any two answers: the date and trace ids.</summary>
    public static async Task<string> FingerprintAsync(this HttpResponseMessage response)
    {
        var headers = response.Headers.Concat(response.Content.Headers)
            .Where(h => h.Key is not ("Date" or "Transfer-Encoding" or "traceparent"))
            .OrderBy(h => h.Key, StringComparer.Ordinal)
            .Select(h => $"{h.Key}: {string.Join(", ", h.Value)}");
        return $"{(int)response.StatusCode}\n{string.Join('\n', headers)}\n{await response.Content.ReadAsStringAsync()}";
    }

    /// <summary>A request with a Basic header of exactly these bytes before base64.</summary>
    public static Task<HttpResponseMessage> BasicAsync(this HttpClient client, string credentials, params (string Name, string Value)[] form) =>
        client.AuthorizedAsync("Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(credentials)), form);

    /// <summary>A token request with this Authorization header, as it stands.</summary>
    public static Task<HttpResponseMessage> AuthorizedAsync(this HttpClient client, string header, params (string Name, string Value)[] form)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/connect/token")
        {
            Content = new FormUrlEncodedContent(form.Select(f => new KeyValuePair<string, string>(f.Name, f.Value))),
        };
        Assert.True(request.Headers.TryAddWithoutValidation("Authorization", header));
        return client.SendAsync(request);
    }

    /// <summary>The claims of a token, unchecked.</summary>
    public static JsonObject ClaimsOf(string token) => JsonNode.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(token.Split('.')[1]))!.AsObject();
}
