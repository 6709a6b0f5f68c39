using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Users;

/// <summary>One answer of the users API, read to its end.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Text">The body.</param>
/// <param name="Headers">Those of the response and of its content, by lower-case name.</param>
public sealed record Answer(int Status, string Text, IReadOnlyDictionary<string, string> Headers)
{
    public JsonObject Json => JsonNode.Parse(Text)!.AsObject();

    public JsonNode Data => Json["data"]!;

    public string? Code => Json["code"]?.GetValue<string>();

    public string Message => Json["message"]!.GetValue<string>();

    public string? Header(string name) => Headers.GetValueOrDefault(name);
}

/// <summary>Calls of the users API. Each answer is held to the oracle that every case of the attack table shares.</summary>
public static class UsersApi
{
    /// <summary>What the body of an answer must never hold: signs of a stack, of SQL, of a type.</summary>
    static readonly IReadOnlyList<string> Leaks =
        ["   at ", ".cs:line", "Exception", "Npgsql", "SELECT ", "INSERT ", "UPDATE ", "normalized_", "Microsoft.", "System.", "IdentityHost."];

    /// <summary>What stands for the secrets of an account, however it is spelled (API.md: "never any hash, stamp, token or lockout field").</summary>
    static readonly IReadOnlyList<string> SecretNames = ["hash", "stamp", "epoch", "version", "lockout", "failed", "normalized", "attempt"];

    /// <summary>Sends, reads, and checks what is true of every answer: no 5xx, nothing leaked, nothing secret, an envelope.</summary>
    public static async Task<Answer> AskAsync(
        this HttpClient client, string method, string path, string? token = null, HttpContent? content = null, params (string Name, string Value)[] headers)
    {
        var answer = await client.AskAnywayAsync(method, path, token, content, headers);
        Assert.True(answer.Status < 500, $"{method} {path}: {answer.Status} {answer.Text}");
        return answer;
    }

    /// <summary>As <see cref="AskAsync"/> where a 5xx is what the test is about.</summary>
    public static async Task<Answer> AskAnywayAsync(
        this HttpClient client, string method, string path, string? token = null, HttpContent? content = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = content };
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        foreach (var (name, value) in headers)
        {
            if (!request.Headers.TryAddWithoutValidation(name, value))
                Assert.True(request.Content!.Headers.TryAddWithoutValidation(name, value), name);
        }
        using var response = await client.SendAsync(request);
        var all = response.Headers.Concat(response.Content.Headers).ToDictionary(h => h.Key.ToLowerInvariant(), h => string.Join(", ", h.Value));
        var answer = new Answer((int)response.StatusCode, await response.Content.ReadAsStringAsync(), all);
        MustTellNothing(answer);
        return answer;
    }

    public static Task<Answer> PostAsync(this HttpClient client, string path, object body, params (string Name, string Value)[] headers) =>
        client.AskAsync("POST", path, null, Json(body), headers);

    public static Task<Answer> SetStatusAsync(this HttpClient client, long id, bool status, string token, params (string Name, string Value)[] headers) =>
        client.AskAsync("PATCH", $"/users/{id}/status", token, Json(new { status }), headers);

    /// <summary>A token of a client for itself, which may manage users.</summary>
    public static async Task<string> ServiceTokenAsync(this HttpClient client)
    {
        var credentials = Convert.ToBase64String("demo-service:demo-service-secret-for-development-only"u8);
        var answer = await client.AskAsync(
            "POST", "/connect/token", null, Form(("grant_type", "client_credentials")), ("Authorization", $"Basic {credentials}"));
        answer.MustBe(200);
        return answer.Json["access_token"]!.GetValue<string>();
    }

    public static HttpContent Json(object body) => Raw(JsonSerializer.SerializeToUtf8Bytes(body), "application/json");

    public static HttpContent Json(string body) => Raw(Encoding.UTF8.GetBytes(body), "application/json");

    public static HttpContent Raw(byte[] body, string type)
    {
        var content = new ByteArrayContent(body);
        content.Headers.TryAddWithoutValidation("Content-Type", type);
        return content;
    }

    public static HttpContent Form(params (string Name, string Value)[] fields) =>
        new FormUrlEncodedContent(fields.Select(f => KeyValuePair.Create(f.Name, f.Value)));

    public static HttpContent Multipart(params (string Name, string Value)[] fields)
    {
        var content = new MultipartFormDataContent();
        foreach (var (name, value) in fields)
            content.Add(new StringContent(value), name);
        return content;
    }

    /// <summary>The error envelope of API.md with this status and code.</summary>
    public static void MustBe(this Answer answer, int status, string code)
    {
        Assert.True(status == answer.Status && answer.Text.Length > 0, $"expected {status} {code}: {answer.Status} {answer.Text}");
        Assert.Equal(code, answer.Code);
        Assert.Equal("error", answer.Json["status"]!.GetValue<string>());
        Assert.NotEmpty(answer.Message);
        Assert.NotEmpty(answer.Json["errors"]!.AsArray());
    }

    /// <summary>The same error as RFC 9457 writes it.</summary>
    public static void MustBeProblem(this Answer answer, int status, string code)
    {
        Assert.Equal((status, code, "application/problem+json"), (answer.Status, answer.Code, answer.Header("content-type")));
        Assert.Equal(status, answer.Json["status"]!.GetValue<int>());
        Assert.NotEmpty(answer.Json["title"]!.GetValue<string>());
        Assert.NotEmpty(answer.Json["detail"]!.GetValue<string>());
    }

    public static void MustBe(this Answer answer, int status) => Assert.True(status == answer.Status, $"expected {status}: {answer.Status} {answer.Text}");

    /// <summary>Every account and what hangs on it, as one value: equal before and after a refusal, or something was written.</summary>
    public static async Task<string> FingerprintAsync(this HostFixture host) => (await host.ScalarAsync<string>(
        """
        SELECT concat_ws('/', (SELECT md5(string_agg(u::text, '|' ORDER BY u.id)) FROM users u), (SELECT count(*) FROM user_logins),
            (SELECT count(*) FROM sessions), (SELECT count(*) FROM grants), (SELECT count(*) FROM revocations))
        """))!;

    /// <summary>Makes a person an admin behind the API's back, so that tokens they have go on.</summary>
    public static Task PromoteAsync(this HostFixture host, long id) => host.ExecuteAsync("UPDATE users SET role = 1 WHERE id = $1", id);

    static void MustTellNothing(Answer answer)
    {
        foreach (var leak in Leaks)
            Assert.DoesNotContain(leak, answer.Text, StringComparison.Ordinal);
        if (answer.Text.Length == 0 || answer.Header("content-type")?.Contains("json", StringComparison.Ordinal) != true)
            return;
        foreach (var name in NamesOf(answer.Json))
            Assert.DoesNotContain(SecretNames, secret => name.Contains(secret, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>The name of every member at any depth, except those under <c>fields</c>, which the client sent.</summary>
    public static IEnumerable<string> NamesOf(JsonNode? node) => node switch
    {
        JsonObject members => members.SelectMany(m => m.Key == "fields" ? [m.Key] : NamesOf(m.Value).Prepend(m.Key)),
        JsonArray items => items.SelectMany(NamesOf),
        _ => [],
    };
}
