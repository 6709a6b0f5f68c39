using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace IdentityHost.Tests.Support;

/// <summary>What an API client does: registers, gets tokens, calls with them. By way of whichever <see cref="HttpClient"/> it is given.</summary>
public static class BackChannel
{
    public const string Password = "a quiet place to sit";

    /// <summary>Posts a form to <c>/connect/token</c>.</summary>
    public static Task<HttpResponseMessage> TokenAsync(this HttpClient client, params (string Name, string Value)[] form) =>
        client.PostAsync("/connect/token", new FormUrlEncodedContent(form.Select(f => new KeyValuePair<string, string>(f.Name, f.Value))));

    /// <summary>The password grant on the demo client.</summary>
    public static Task<HttpResponseMessage> PasswordGrantAsync(this HttpClient client, string username, string password, params (string, string)[] more) =>
        client.TokenAsync([("grant_type", "password"), ("client_id", "demo"), ("username", username), ("password", password), .. more]);

    /// <summary>An access token by the password grant; fails the test where there is none.</summary>
    public static async Task<string> AccessTokenAsync(this HttpClient client, string username, string password = Password, params (string, string)[] more)
    {
        using var response = await client.PasswordGrantAsync(username, password, more);
        var body = await response.JsonAsync();
        Assert.True(response.IsSuccessStatusCode, body.ToJsonString());
        return body["access_token"]!.GetValue<string>();
    }

    public static Task<string> AdminTokenAsync(this HttpClient client) => client.AccessTokenAsync(HostFixture.AdminName, HostFixture.AdminPassword);

    /// <summary>A new person with <see cref="Password"/>. Returns the username and the id.</summary>
    public static async Task<(string Username, long Id)> RegisterAsync(this HttpClient client, string? username = null)
    {
        username ??= NewName();
        using var response = await client.PostAsJsonAsync("/users/register", new { username, password = Password, email = $"{username}@example.com" });
        var body = await response.JsonAsync();
        Assert.True(response.IsSuccessStatusCode, body.ToJsonString());
        return (username, body["data"]!["id"]!.GetValue<long>());
    }

    public static string NewName() => "u" + Guid.NewGuid().ToString("N")[..20];

    /// <summary>A request with a bearer token.</summary>
    public static Task<HttpResponseMessage> CallAsync(this HttpClient client, HttpMethod method, string path, string? token, object? json = null)
    {
        var request = new HttpRequestMessage(method, path);
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (json is not null)
            request.Content = JsonContent.Create(json);
        return client.SendAsync(request);
    }

    public static Task<HttpResponseMessage> GetAsync(this HttpClient client, string path, string token) => client.CallAsync(HttpMethod.Get, path, token);

    /// <summary>The body as JSON; an empty object where there is none.</summary>
    public static async Task<JsonObject> JsonAsync(this HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        try
        {
            return text.Length == 0 ? [] : JsonNode.Parse(text)!.AsObject();
        }
        catch (JsonException e)
        {
            throw new InvalidOperationException($"{(int)response.StatusCode} is not JSON: {text}", e);
        }
    }
}
