using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol.Registration;

/// <summary>Whatever is sent as metadata, the answer is a registration or a refusal, never a failure of ours.</summary>
[Collection(RegistrationHost.Name)]
public sealed class RegistrationFuzzTests(RegistrationHost host)
{
    static readonly string[] Names =
    [
        "redirect_uris", "grant_types", "response_types", "application_type", "token_endpoint_auth_method", "scope", "client_name", "client_name#id", "client_name#",
        "logo_uri", "client_uri", "policy_uri", "tos_uri", "contacts", "jwks", "jwks_uri", "subject_type", "sector_identifier_uri", "id_token_signed_response_alg",
        "userinfo_signed_response_alg", "default_max_age", "require_auth_time", "post_logout_redirect_uris", "backchannel_logout_uri", "client_id", "x\u0000y", "",
        "backchannel_logout_session_required",
    ];

    static readonly string[] Texts =
    [
        "", " ", "x", "\u0000", "\ud800", "\u202e", "é", "none", "code", "authorization_code", "client_secret_basic", "openid", "openid openid", "RS256", "pairwise", "public",
        "https://app.example.com/cb", "https://app.example.com", "https://", "http://[::1", "https://[fe80::1%25eth0]/", "https://xn--/", "https://%41/", "com.example:/", "a.b:", ":", "https://a:99999/",
        "https://app.example.com/%ff", "https://app.example.com/%", "https://app.example.com:0/", "HTTPS://APP.EXAMPLE.COM/", "https://1/", "https://..", "native", "web", "true", "-1",
    ];

    [Fact]
    public async Task Random_metadata_never_breaks_the_server()
    {
        const int seed = 4711;
        var random = new Random(seed);
        var counts = new Dictionary<int, int>();
        for (var i = 0; i < 600; i++)
        {
            var body = new JsonObject();
            if (random.Next(3) > 0)
                body["redirect_uris"] = new JsonArray(Registering.Callback);
            for (var members = random.Next(6); members > 0; members--)
                body[Pick(Names)] = Value(depth: 0);
            var text = Encoding.UTF8.GetBytes(body.ToJsonString());
            // Every fourth is cut or spoiled on the way.
            if (random.Next(4) == 0)
                text[random.Next(text.Length)] = (byte)random.Next(256);
            var content = new ByteArrayContent(text);
            content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            using var response = await host.Client.SendAsync(HttpMethod.Post, Registering.Path, content, random.Next(2) == 0 ? RegistrationHost.InitialToken : null);
            var answer = await response.Content.ReadAsStringAsync();
            Assert.True((int)response.StatusCode is 201 or 400, $"seed {seed}, body {i}: {(int)response.StatusCode} {answer}\n{body.ToJsonString()}");
            Answers.Clean(answer);
            counts[(int)response.StatusCode] = counts.GetValueOrDefault((int)response.StatusCode) + 1;
        }
        // Both ways are met, or the test would prove nothing.
        Assert.True(counts[201] > 10 && counts[400] > 10, string.Join(", ", counts));

        JsonNode? Value(int depth) => random.Next(depth > 2 ? 6 : 9) switch
        {
            0 => null,
            1 => random.Next(-2, 3),
            2 => random.NextDouble() * 1e300,
            3 => random.Next(2) == 0,
            4 or 5 => Pick(Texts),
            6 or 7 => new JsonArray([.. Enumerable.Range(0, random.Next(4)).Select(_ => Value(depth + 1))]),
            _ => new JsonObject { [Pick(Names)] = Value(depth + 1), ["keys"] = Value(depth + 1) },
        };

        string Pick(string[] from) => from[random.Next(from.Length)];
    }
}
